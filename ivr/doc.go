// Package ivr is the conversation with a caller: a [Script] that greets, finds out who is calling and
// what is wrong, has a ticket opened and reads its number back.
//
// The package speaks of prompts by name and of keys. Sound, signalling and accounts are behind three
// interfaces: [Line], the caller's end of the call, [Desk], where tickets are opened, and [Agents]. A conversation
// is one goroutine that reads from top to bottom; a caller who hangs up is a context that is done, and
// what is known by then may still become a ticket.
//
// What holds at every question:
//
//   - A key is taken at any moment, also over a prompt and typed ahead. Only the ticket number and a
//     goodbye are played to their end, and the announcement of a recording takes no key but the ones
//     it names. Keys that were typed ahead are dropped after an error.
//   - No key and a wrong key are told apart, in other words each time. After three the caller is
//     offered the way without keys: describe the problem after the tone.
//   - "*" goes one step back; in an entry that has begun, it clears the digits first. At the menu it
//     repeats. "#" ends an entry or a recording. "0" repeats the question slowly, and a second "0"
//     pauses until any key; in an entry, where 0 is a digit, that is "0" alone.
//   - Keys are nobody's business until they are taken as an answer: see [Step].
//
// What is known already comes before a new ticket: an incident that agents declared, to which a caller attaches with one key, and
// the open tickets of the account, on which a caller who gave the PIN hears the status and leaves a note.
//
// When the number was read, a verified caller with a ticket of some priorities can be put through to an agent ([Agents]), or
// wait for an engineer who is paged. "*" stops the wait. What is said and pressed then is not the script's; when nobody is
// reached the conversation goes on.
//
// Calls that we make have conversations of their own: a [Callback] tells a customer the number, a [Page] wakes an engineer.
// Both count only when a person presses a key.
//
// A ticket number is spoken only when the desk has opened the ticket, and the desk is told of the
// acknowledgement only when [Line.Play] has played the whole number.
package ivr
