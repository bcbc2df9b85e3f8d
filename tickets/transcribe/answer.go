package transcribe

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"readback/tickets"
	"readback/tickets/egress"
)

// maxSaid bounds what is repeated of a complaint, in bytes.
const maxSaid = 300

// An answer is a transcription as the API has it. The response format json has a text; some add the language.
type answer struct {
	Text     string
	Language string
}

func parse(body []byte) (answer, error) {
	var read struct {
		Text     *string `json:"text"`
		Language string  `json:"language"`
	}
	if err := json.Unmarshal(body, &read); err != nil {
		return answer{}, errors.New("the answer is no JSON of a transcription") // the error could show what was said
	}
	if read.Text == nil {
		return answer{}, errors.New("the answer has no text")
	}
	return answer{Text: *read.Text, Language: read.Language}, nil
}

// verdict is what an answer means, with what would mend it. The key is never repeated, also when the answer does.
func (a *API) verdict(got egress.Answer, size int64) error {
	err := got.Verdict(a.config.Now())
	if err == nil {
		return nil
	}
	switch got.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w: look at recording.transcribe.key", err) // what is said about it may show it
	case http.StatusNotFound:
		err = fmt.Errorf("%w: look at url and model of recording.transcribe", err)
	case http.StatusRequestEntityTooLarge:
		err = fmt.Errorf("%w: the recording has %d bytes; lower recording.max", err, size)
	case http.StatusUnsupportedMediaType:
		err = fmt.Errorf("%w: it takes no WAV", err)
	}
	said := a.complaint(got.Body)
	if said == "" {
		return err
	}
	if wait, ok := errors.AsType[*tickets.Later](err); ok {
		wait.Err = fmt.Errorf("%w (%s)", wait.Err, said)
		return wait
	}
	return fmt.Errorf("%w (%s)", err, said)
}

// complaint is what is said about an error, in one line: by OpenAI as error.message, by others as error or detail.
func (a *API) complaint(body []byte) string {
	var read struct {
		Error  any `json:"error"`
		Detail any `json:"detail"`
	}
	if json.Unmarshal(body, &read) != nil {
		return ""
	}
	said := words(read.Error)
	if said == "" {
		said = words(read.Detail)
	}
	if a.config.Key != "" {
		said = strings.ReplaceAll(said, a.config.Key, "[key]")
	}
	said = strings.Join(strings.Fields(said), " ")
	return strings.ToValidUTF8(said[:min(len(said), maxSaid)], "")
}

func words(v any) string {
	if object, ok := v.(map[string]any); ok {
		v = object["message"]
	}
	said, _ := v.(string)
	return said
}
