// Package prompts holds what callers hear: a text and a sound per locale and name.
//
// Texts are in one file per locale (en-US.yaml, name: text). Sounds are in a pack per locale: FLAC files of
// 16 kHz, mono, 16 bits (en-US/welcome.flac), and a manifest that says for each sound which text it speaks,
// in whose voice and under which licence (en-US/manifest.json). A pack is whole, or a layer over another one in
// the same voice: en-AU.yaml starts with "layer: en-GB" and holds only what differs. Nothing else falls back.
//
// Most names are sentences (welcome, severity-1). The others are snippets that package say puts together: digit-0
// to digit-9 with a level tone and digit-0-end to digit-9-end with a falling one, number-0 to number-99,
// letter-a to letter-z, key-star and key-pound, within-5m to within-5d, ago-5m to ago-more. Pauses between snippets are the player's:
// snippets are cut tight.
//
// For callers who wait there is [Music], one for all locales.
//
// The packs are rendered by render.py, a developer's step; see LICENSES.md for the voices.
package prompts
