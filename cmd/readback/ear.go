package main

import (
	"strings"
	"sync"
	"time"

	"readback/ivr/prompts"
	"readback/media"
	"readback/media/recognize"
)

// earBacklog is how many pieces of sound of a packet's length may wait to be listened to: a minute's.
const earBacklog = 3000

// An ear names the prompts that a call hears, by their sound.
type ear struct {
	heard   chan heardPrompt
	session *media.Session
	pieces  chan []int16
	texts   *prompts.Set
	started time.Time
	group   sync.WaitGroup
	once    sync.Once
}

// newEar listens to a session from now on. A book takes a while to make: make it before the call.
func newEar(texts *prompts.Set, book *recognize.Book, session *media.Session) *ear {
	e := &ear{
		heard: make(chan heardPrompt, earBacklog), pieces: make(chan []int16, earBacklog),
		session: session, texts: texts, started: time.Now(),
	}
	listener := book.Listen()
	e.group.Go(func() { e.listen(listener) })
	session.Tap(func(pcm []int16, _ int) {
		select {
		case e.pieces <- append([]int16(nil), pcm...):
		default: // a machine too slow to listen misses something
		}
	})
	return e
}

func (e *ear) listen(listener *recognize.Listener) {
	defer close(e.heard)
	for piece := range e.pieces {
		e.tell(listener.Hear(piece))
	}
	e.tell(listener.End())
}

func (e *ear) tell(matches []recognize.Match) {
	for _, match := range matches {
		locale, name, spoken := strings.Cut(match.Name, "/")
		if !spoken {
			locale, name = "", match.Name
		}
		text, ok := e.texts.Text(locale, name)
		if !ok {
			text = "(" + name + ")"
		}
		select {
		case e.heard <- heardPrompt{Name: name, Locale: locale, Text: text, At: e.started.Add(match.Start)}:
		default: // nobody listens any more
		}
	}
}

// close ends the listening; what was heard last is still told, and then heard is closed.
func (e *ear) close() {
	e.once.Do(func() {
		e.session.Tap(nil)
		close(e.pieces)
		e.group.Wait()
	})
}
