package config

import "strings"

// Survey is the question how well it was done, asked by e-mail when a ticket is resolved.
type Survey struct {
	// A secret of at least 32 characters that signs the links, so that nobody can vote on another's ticket. Empty: one is made and kept in the data directory.
	Key Secret `yaml:"key"`
	// How long a link can be used.
	Expires Duration `yaml:"expires" between:"1d,3650d"`
	// How long after a ticket was resolved its vote can be given and changed.
	Closes Duration `yaml:"closes" between:"1h,3650d"`
}

// minSurveyKey is the size in bytes of the shortest key that cannot be found by trying.
const minSurveyKey = 32

func (r *reader) survey() {
	if n := len(r.config.Notify.Survey.Key.Reveal()); n > 0 && n < minSurveyKey {
		r.report("notify.survey.key", "is too short to keep anybody from making links", "give 32 characters or more, made by openssl rand -base64 32")
	}
	r.link("http.public_url", r.config.HTTP.PublicURL)
}

// warnAboutSurvey finds links that another gateway could not read.
func (c *Config) warnAboutSurvey(warn func(path, message, fix string)) {
	if strings.HasPrefix(c.HTTP.PublicURL, "http://") {
		warn("http.public_url", "is not encrypted: who is on the way reads the links of customers, and can vote by them", "write https://, with a proxy that encrypts in front of http.listen")
	}
	key := c.Notify.Survey.Key
	switch {
	case key != "" && !isReference(c.places.find("notify.survey.key").text):
		warn("notify.survey.key", "stands in the configuration itself", "move it to a file of its own and write ${file:PATH} here")
	case key == "" && c.Store.URL != "" && c.HTTP.PublicURL != "" && c.Notify.Mail.Host != "":
		warn("notify.survey.key", "is missing: each gateway makes its own, and a link from one is wrong for the next", "make one by openssl rand -base64 32 and write ${file:PATH} here")
	}
}
