package tickets

import "time"

// A NoticeJob is the clock of a notice: it wakes somebody up to work it. The row of the notice is the truth; a job that comes
// early, late or twice does no harm.
type NoticeJob struct {
	ID    string     `json:"id"`    // of the notice
	About NoticeKind `json:"about"` // what it is, to count it by
}

// Kind implements river.JobArgs.
func (NoticeJob) Kind() string { return "notice" }

// Job is what wakes somebody up for the notice, and when: the zero time is now.
func (n Notice) Job(now time.Time) (NoticeJob, time.Time) {
	job := NoticeJob{ID: n.ID, About: n.Kind}
	if !n.Due.After(now) {
		return job, time.Time{}
	}
	return job, n.Due.Truncate(time.Millisecond).Add(time.Millisecond) // some databases round down what they keep
}

// The queues of jobs. Each has workers of its own, so that what is slow holds up only its like.
const (
	QueueDefault = "default"
	QueueMail    = "mail"
	QueuePhone   = "phone"  // calls back
	QueuePage    = "page"   // waking engineers, in every way
	QueueHook    = "hook"   // other programs
	QueueMirror  = "mirror" // the other ticket system
	QueueSpeech  = "speech" // writing recordings down
)

// Queue is where the jobs of a kind wait.
func (k NoticeKind) Queue() string {
	switch k {
	case AcknowledgeByEmail, LinksByEmail, NumberByEmail, SurveyByEmail:
		return QueueMail
	case AcknowledgeByCallback:
		return QueuePhone
	case Page, PageClear, Alarm:
		return QueuePage
	case Publish, Deliver:
		return QueueHook
	case MirrorPush, MirrorPull:
		return QueueMirror
	case Transcribe:
		return QueueSpeech
	}
	return QueueDefault
}

// JobAttempts is how often a job is tried before the outbox has to make a new one.
const JobAttempts = 100

// A Backlog is what of an outbox is due and was not worked.
type Backlog struct {
	Waiting int
	Oldest  time.Time // when the first of them was due; zero without any
}

// Wakes reports whether a notice that was changed needs a new job: it is open, and was not or is due at another time.
func (n Notice) Wakes(before Notice) bool {
	return n.Open() && (!before.Open() || !n.Due.Equal(before.Due))
}
