// Package tickets is the support desk: accounts and the plans they bought, the PINs that prove them,
// the tickets they open, and who has to be told what by when.
//
// The [Desk] is the whole of it for a caller's program. It decides by a [Policy], which is data, and keeps
// everything in a [Store], which is an interface: tickets/sqlite and tickets/postgres are the two there are,
// and tickets/storetest is the behaviour both must show.
//
// Three promises are kept here.
//
// A ticket that [Desk.Open] returned is durable: its number may be spoken. Opening is idempotent by call key,
// so a retry, a lost connection or an impatient caller never makes two tickets of one call.
//
// What has to be sent is a row of the outbox, a [Notice], in the transaction of its ticket. A ticket always
// has a row that acknowledges it, which [Desk.Acknowledge] cancels when the number was heard. Everything that changes a ticket
// later is a function over its [Folder], committed as a whole.
//
// The [Clerk] works the outbox: it climbs the acknowledgement ladder (e-mail, then a call back, again and again until the
// response window closes), alarms agents when three quarters of the window are over, wakes engineers, and writes letters. The row
// is the truth, whoever wakes the clerk up for it.
//
// A PIN leaks nowhere. It is a type that prints as [PIN], it is stored as argon2id of an HMAC, wrong ones are
// counted before they are answered, and an unknown account, a wrong PIN and a locked account look and last
// the same.
//
// Times are UTC and kept to the microsecond. Telephone numbers are E.164 with the plus sign. All methods of
// Desk and Store may be used from many goroutines at once.
package tickets
