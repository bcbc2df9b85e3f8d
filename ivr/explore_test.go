package ivr_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"readback/ivr"
	"readback/ivr/prompts"
	"readback/tickets"
)

// worlds are settings in which the explorer tries every answer at every question: without end in those
// that differ much, and a few answers deep in those that differ in one thing.
var worlds = map[string]struct {
	scene
	depth int // answers; 0: until nothing new comes
}{
	"unknown caller":                  {scene{caller: somebody, mail: true}, 0},
	"known caller":                    {scene{caller: ada, mail: true}, 0},
	"withheld number, French, no PIN": {scene{caller: withheld, french: true, pin: ivr.PINNever}, 6},
	"known caller, always a PIN":      {scene{caller: ada, mail: true, pin: ivr.PINAlways}, 5},
	"no telephone in the plan":        {scene{caller: claire, mail: true}, 5},
	"nobody can be identified":        {scene{caller: somebody, away: true}, 6},
	"a desk that fails":               {scene{caller: ada, full: true, mail: true}, 6},
	"a desk that notes nothing":       {scene{caller: ada, mute: true, mail: true}, 6},
	"links that cannot be sent":       {scene{caller: claire, mute: true, mail: true}, 3},
	"a desk that takes its time":      {scene{caller: somebody, slow: 2 * time.Second, extension: "2"}, 3},
	"a ticket to join":                {scene{caller: ada, joins: true}, 6},
	"an open ticket":                  {scene{caller: ada, extension: "2", open: 1}, 0},
	"an incident":                     {scene{caller: ada, extension: "2", known: incidents(1), mail: true}, 0},
	"incidents and open tickets":      {scene{caller: withheld, extension: "2", known: incidents(2), open: 1}, 7},
	"open tickets":                    {scene{caller: somebody, extension: "2", open: 3}, 7},
	"a note that cannot be kept":      {scene{caller: ada, extension: "2", open: 1, mute: true}, 6},
	"agents can be spoken to":         {scene{caller: ada, extension: "2", mail: true, agents: everyPriority}, 0},
	"engineers can be waited for":     {scene{caller: ada, extension: "2", agents: urgent, engineers: everyPriority}, 7},
}

// An explorer finds by breadth-first search every state of the conversation that a caller can reach, by
// trying every answer in each. It plays a call from the start for each of them: a path of answers.
type explorer struct {
	world   scene
	depth   int
	seen    map[string]bool
	heard   map[string]bool
	endings map[string]int
	walks   int
	longest int
}

// endless is more answers than any state of the script is away.
const endless = 40

func TestEveryPathEndsWell(t *testing.T) {
	var mu sync.Mutex
	heard := map[string]bool{}
	t.Run("worlds", func(t *testing.T) {
		for name, world := range worlds {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				e := explorer{world: world.scene, depth: world.depth}
				e.explore(t)
				t.Logf("%d states at most %d answers away, %d calls; endings: %v", len(e.seen), e.longest, e.walks, e.endings)
				mu.Lock()
				defer mu.Unlock()
				maps.Copy(heard, e.heard)
			})
		}
	})
	for _, errand := range errands {
		maps.Copy(heard, errand.run(t, 0).said)
	}
	set, err := prompts.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	checkReachable(t, heard, set.Names("en-US"))
}

// checkReachable compares what was heard with the prompts there are: none is missing, and none of the script's is never heard.
func checkReachable(t *testing.T, heard map[string]bool, names []string) {
	for name := range heard {
		if name != "tone" && !strings.HasPrefix(name, ivr.SoundOfIncident) && !slices.Contains(names, name) {
			t.Errorf("the script says %q, which has no text", name)
		}
	}
	for _, name := range names {
		kind, _, _ := strings.Cut(name, "-")
		snippet := slices.Contains([]string{"digit", "number", "letter", "key", "within", "ago"}, kind)
		if !snippet && !elsewhere(name) && !heard[name] {
			t.Errorf("prompt %q is never heard on any path", name)
		}
	}
}

// elsewhere tells prompts that are on no path: the apology for a crash, and what an engineer hears who is called in vain.
func elsewhere(name string) bool {
	return name == "apology" || name == "page-taken"
}

func (e *explorer) explore(t *testing.T) {
	e.seen, e.heard, e.endings = map[string]bool{}, map[string]bool{}, map[string]int{}
	paths := [][]string{nil}
	for len(paths) > 0 {
		path := paths[0]
		paths = paths[1:]
		walk := e.walk(t, path)
		if walk.state == "" || e.seen[walk.state] || e.depth > 0 && len(path) == e.depth {
			continue
		}
		e.seen[walk.state] = true
		e.longest = max(e.longest, len(path))
		if len(path) == endless {
			t.Fatalf("after %d answers there is still something new: %s\n%q", endless, walk.state, path)
		}
		for _, answer := range walk.answers {
			paths = append(paths, append(slices.Clone(path), answer))
		}
	}
}

var errPathEnds = errors.New("the path ends here")

// walk plays one path. When the path is used up at a question, the call ends there; what the question
// is and how it can be answered is in the walker that is returned. A path that ends the conversation
// must end it well.
func (e *explorer) walk(t *testing.T, path []string) (w *walker) {
	e.walks++
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		desk := e.world.desk()
		w = &walker{end: cancel, path: path, keys: make(chan ivr.Key, 64), heard: e.heard}
		script := e.world.script(desk)
		script.Patience, script.Observe, script.Agents, script.Engineers = asked, w.observe, w, w
		outcome, err := script.Run(ctx, w, e.world.call())
		if w.state != "" {
			return
		}
		e.endings[outcome.Disposition]++
		if problem := unhappy(w, desk, outcome, err); problem != "" {
			t.Errorf("path %q: %s", path, problem)
		}
	})
	return w
}

// unhappy tells what is wrong with an ending: whoever does not hang up comes to a ticket number, to a
// way that the plan may use, or is told why there is no ticket; and hears a goodbye.
func unhappy(w *walker, d *desk, outcome ivr.Outcome, err error) string {
	said := strings.Join(w.all, " ")
	switch {
	case errors.Is(err, errHungUp):
		return ""
	case err != nil:
		return err.Error()
	case w.handedOver:
		if outcome.Disposition != tickets.DispositionCompleted || outcome.Reason != "transferred" || !strings.HasSuffix(said, "agent-connecting") && !strings.HasSuffix(said, "agent-paging") {
			return fmt.Sprintf("handed over, and yet %s %q after %s", outcome.Disposition, outcome.Reason, said)
		}
		return ""
	case !strings.HasSuffix(said, "goodbye"):
		return "no goodbye at the end of " + said
	}
	switch outcome.Disposition {
	case tickets.DispositionCompleted:
		if !d.exists(string(outcome.Ticket.Number)) && !slices.Contains(d.numbers(), outcome.Ticket.Number) {
			return "completed without a ticket"
		}
	case tickets.DispositionRefused:
		if !strings.Contains(said, "plan-where") && !strings.Contains(said, "plan-links-sent") {
			return "refused without a way on"
		}
	case tickets.DispositionFailed:
		if !strings.Contains(said, "ticket-failed") {
			return "failed in silence"
		}
	case tickets.DispositionAbandoned:
		if !strings.Contains(said, "describe-without-keys") {
			return "given up without the way without keys"
		}
	}
	return ""
}

// asked are patiences by which the walker knows what it is asked.
var asked = ivr.Patience{
	Menu: 6001 * time.Millisecond, First: 5001 * time.Millisecond, Between: 3001 * time.Millisecond,
	Account: 3002 * time.Millisecond, Notice: 1001 * time.Millisecond, Pause: 60001 * time.Millisecond,
	Checking: 1002 * time.Millisecond,
}

// A walker is a caller who answers along a path. It listens to every prompt to its end.
type walker struct {
	end   context.CancelCauseFunc
	path  []string
	keys  chan ivr.Key // typed and not yet read
	heard map[string]bool
	all   []string // names of all that was heard

	question string   // the last thing said, without the words about a failure
	facts             // of the conversation, by what was observed
	typed    string   // the last answer
	state    string   // where the path was used up
	answers  []string // that are possible there

	handedOver bool // to an agent
}

// facts tell states of the same question apart.
type facts struct {
	known, spoke, denials, failures, unreached int
	account                                    string
}

func (w *walker) observe(step ivr.Step) {
	switch step.Kind {
	case ivr.NoInput, ivr.NoMatch:
		w.failures++
	case ivr.Denied:
		w.denials++
	case ivr.Unreached:
		w.unreached++
	case ivr.Identified:
		w.known = 1
		if w.asks("pin") {
			w.known = 2
		}
	case ivr.Recorded:
		w.spoke = int(min(1, step.Recording.Speech/time.Second))
	case ivr.Pressed:
		if step.Keys != "0" {
			w.failures = 0
		}
	}
}

// decide takes the next answer of the path. At its end it notes the state and ends the call.
func (w *walker) decide(answers []string) (answer string) {
	if len(w.path) > 0 {
		answer, w.path = w.path[0], w.path[1:]
	} else if w.state == "" {
		facts := w.facts
		if !w.asks("account") && !w.asks("pin") {
			facts.denials = 0 // makes no difference any more
		}
		if w.asks("pin") {
			facts.account = w.typed // the PIN that fits is another one
		}
		w.state, w.answers = fmt.Sprint(w.question, facts), answers
		w.end(errPathEnds)
	}
	if answer == "hang up" {
		w.end(errHungUp)
	}
	w.typed = answer
	return answer
}

func (w *walker) asks(name string) bool { return strings.Contains(w.question, "/"+name) }

func (w *walker) Play(ctx context.Context, prompts ...ivr.Prompt) error {
	var names []string
	for _, prompt := range prompts {
		if prompt.Name != "" {
			w.heard[prompt.Name] = true
			w.all = append(w.all, prompt.Name)
			if !strings.HasPrefix(prompt.Name, "no-") {
				names = append(names, prompt.Locale+"/"+prompt.Name)
			}
		}
	}
	w.question = strings.Join(names, " ")
	return sleep(ctx, time.Second)
}

// keyAnswers are a key of each kind that a question may take, or not. What follows a failure or a help
// differs only in what another failure or help does.
func (w *walker) keyAnswers() []string {
	switch {
	case w.failures > 0:
		return []string{"", "#"}
	case w.asks("help-pause"):
		return []string{"", "0", "#"}
	}
	return []string{"", "0", "1", "2", "3", "4", "9", "*", "#", "hang up"}
}

func (w *walker) entryAnswers() []string {
	answers := w.keyAnswers()
	switch {
	case w.failures > 0:
		return answers
	case w.asks("account"):
		return append(answers, "30471234#", "60334455#", "1234567890123#")
	case w.asks("pin"):
		return append(answers, "246810#", "112358#")
	}
	return append(answers, "4155550199#")
}

// Patience is where the caller is waited for, unless the desk is.
func (w *walker) Patience(ctx context.Context, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	if len(w.keys) == 0 && ctx.Err() == nil {
		switch d {
		case asked.Checking, asked.Between, asked.Account: // silence
		case asked.First:
			w.press(w.decide(w.entryAnswers()))
		default:
			w.press(w.decide(w.keyAnswers()))
		}
	}
	return context.WithTimeoutCause(ctx, d, cause)
}

// Connect is where an agent is called.
func (w *walker) Connect(ctx context.Context, _ tickets.Ticket, announce func(context.Context) error) error {
	if err := announce(ctx); err != nil {
		return err
	}
	answer := w.decide([]string{"nobody", "a talk", "handed over", "stops waiting", "hang up"})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case answer == "a talk":
		return nil
	case answer == "stops waiting":
		w.press("5*")
		return sleep(ctx, time.Minute)
	case answer == "handed over":
		w.handedOver = true
		return ivr.ErrTransferred
	}
	return errors.New("nobody is there")
}

func (w *walker) press(keys string) {
	if keys == "hang up" {
		return
	}
	for _, key := range []byte(keys) {
		w.keys <- ivr.Key(key)
	}
}

func (w *walker) ReadKey(ctx context.Context) (ivr.Key, error) {
	select {
	case key := <-w.keys:
		return key, nil
	default:
	}
	select {
	case key := <-w.keys:
		return key, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

func (w *walker) DropKeys() {
	for len(w.keys) > 0 {
		<-w.keys
	}
}

func (w *walker) Record(ctx context.Context, name string, limit ivr.RecordLimit) (ivr.Recording, error) {
	recording := ivr.Recording{Name: name, EndedBy: ivr.EndSilence}
	kind, _, _ := strings.Cut(name, "-")
	w.question += " for a " + kind
	switch w.decide([]string{"silence", "words", "words and hang up", "endless", "hang up"}) {
	case "words and hang up":
		recording.Speech = 3 * time.Second
		w.end(errHungUp)
	case "words":
		recording.Speech = 3 * time.Second
	case "endless":
		recording.Speech, recording.EndedBy = limit.Max, ivr.EndMax
	}
	if ctx.Err() != nil {
		recording.EndedBy = ivr.EndHangup
		return recording, context.Cause(ctx)
	}
	return recording, nil
}
