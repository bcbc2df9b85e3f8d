package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestSecretsOfOtherProgramsAreMasked(t *testing.T) {
	c, err := Parse("readback.yaml", []byte(`
notify:
  webhooks: [{name: crm, url: "https://hooks.example.com/hush", secrets: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw]}]
  zendesk: {url: "https://example.zendesk.com", token: hush}
paging:
  webhooks:
    - {name: duty, kind: pagerduty, key: hush}
    - {name: own, kind: webhook, url: "https://pager.example.com/hush", secrets: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw]}
`))
	if err != nil {
		t.Fatal(err)
	}
	asJSON, errJSON := json.Marshal(c)
	asYAML, errYAML := yaml.Marshal(c)
	if err := errors.Join(errJSON, errYAML); err != nil {
		t.Fatal(err)
	}
	for way, text := range map[string]string{
		"JSON": string(asJSON), "YAML": string(asYAML), "%+v": fmt.Sprintf("%+v %+v", c.Notify, c.Paging), "warnings": fmt.Sprint(c.Warnings()),
	} {
		if strings.Contains(text, "hush") || strings.Contains(text, "MfKQ9r8G") {
			t.Errorf("%s shows a secret:\n%s", way, text)
		}
	}
}
