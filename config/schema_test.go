package config

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"
)

var update = flag.Bool("update", false, "write the golden files anew")

// reflectSchema makes the JSON Schema from types, tags and comments.
func reflectSchema(t *testing.T) []byte {
	t.Helper()
	reflector := &jsonschema.Reflector{
		Anonymous:                  true,
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		ExpandedStruct:             true,
		Mapper:                     writtenForm,
	}
	if err := reflector.AddGoComments("readback/config", "."); err != nil {
		t.Fatalf("reading the comments: %v", err)
	}
	schema := reflector.Reflect(&Config{})
	schema.ID = ""
	admitReferences(schema)
	for _, definition := range schema.Definitions {
		admitReferences(definition)
	}
	schema.Title = "Readback configuration"
	out, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatalf("marshalling the schema: %v", err)
	}
	return append(out, '\n')
}

// admitReferences lets ${env:NAME} and ${file:PATH} stand where a pattern would refuse them.
func admitReferences(schema *jsonschema.Schema) {
	if schema.Pattern != "" {
		schema.Pattern += `|[$][{]`
	}
	for pair := schema.Properties.Oldest(); pair != nil; pair = pair.Next() {
		admitReferences(pair.Value)
	}
	for _, choice := range schema.OneOf {
		admitReferences(choice)
	}
	if schema.Items != nil {
		admitReferences(schema.Items)
	}
}

// writtenForm is the schema of the types that are written as text.
func writtenForm(t reflect.Type) *jsonschema.Schema {
	text := func(pattern string) *jsonschema.Schema {
		return &jsonschema.Schema{Type: "string", Pattern: "^(" + pattern + ")$"}
	}
	const network = `[0-9A-Fa-f.:]+(/[0-9]+)?`
	switch t {
	case reflect.TypeFor[Duration]():
		return text(`([0-9]+d)?([0-9.]+(ns|us|µs|ms|s|m|h))*`)
	case reflect.TypeFor[Priority]():
		return &jsonschema.Schema{Type: "string", Enum: []any{"P1", "P2", "P3", "P4"}}
	case reflect.TypeFor[PortRange]():
		return text(`[0-9]+ *- *[0-9]+`)
	case reflect.TypeFor[Share]():
		return &jsonschema.Schema{Type: "number", ExclusiveMinimum: "0", Maximum: "1"}
	case reflect.TypeFor[Size]():
		return text(`[0-9]+ *[MG]B`)
	case reflect.TypeFor[Opening]():
		return text(`( *[0-9]{2}:[0-9]{2} *- *[0-9]{2}:[0-9]{2} *,?)*`)
	case reflect.TypeFor[Date]():
		return text(`[0-9]{4}-[0-9]{2}-[0-9]{2}`)
	case reflect.TypeFor[Secret](), reflect.TypeFor[Path]():
		return &jsonschema.Schema{Type: "string"}
	case reflect.TypeFor[netip.Prefix]():
		return text(network)
	case reflect.TypeFor[netip.AddrPort]():
		return text(`.+:[0-9]+`)
	case reflect.TypeFor[netip.Addr]():
		return text(`[0-9A-Fa-f.:]*`)
	case reflect.TypeFor[Media]():
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
			{Const: "any"},
			{Type: "array", Items: text(network), MinItems: new(uint64(1)), MaxItems: new(uint64(1000))},
		}}
	}
	return nil
}

// TestSchema holds schema.json, which is embedded, against the types it is made from.
func TestSchema(t *testing.T) {
	got := reflectSchema(t)
	if *update {
		if err := os.WriteFile("schema.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("schema.json is not what the types say; run go test ./config -run TestSchema -update (-file +types):\n%s", diff)
	}
}

func TestEveryKeyIsDescribed(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	keys := 0
	walk := func(path string, schema map[string]any) {
		properties, _ := schema["properties"].(map[string]any)
		for name, property := range properties {
			keys++
			description, _ := property.(map[string]any)["description"].(string)
			if len(description) < 10 {
				t.Errorf("%s.%s has no description", path, name)
			}
		}
	}
	walk("", root)
	for name, definition := range root["$defs"].(map[string]any) {
		walk(name, definition.(map[string]any))
	}
	if keys < 60 {
		t.Errorf("the schema has %d keys, want all of them", keys)
	}
}

func TestFilesAgreeWithTheSchema(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	check := func(text string) []string {
		var document any
		if err := yaml.Unmarshal([]byte(text), &document); err != nil {
			t.Fatal(err)
		}
		return schemaChecker{root}.check("", root, document)
	}
	if errs := check(string(defaultYAML)); len(errs) > 0 {
		t.Errorf("default.yaml does not agree with the schema:\n%s", strings.Join(errs, "\n"))
	}
	if errs := check("node: ${env:HOSTNAME}\nrtp: {ports: '${env:PORTS}'}\nidentify: {pepper: '${file:p}'}"); len(errs) > 0 {
		t.Errorf("references do not agree with the schema:\n%s", strings.Join(errs, "\n"))
	}
	if errs := check(everything); len(errs) > 0 {
		t.Errorf("a good file does not agree with the schema:\n%s", strings.Join(errs, "\n"))
	}
	for name, text := range map[string]string{
		"unknown key":    "nmbers: []",
		"wrong type":     "trunks: 5",
		"missing key":    "trunks: [{networks: [192.0.2.1]}]",
		"wrong choice":   "observe: {log_level: loud}",
		"out of range":   "sip: {max_calls: 0}",
		"no share":       "rtp: {overload: {busy: 7.5}}",
		"wrong duration": "sip: {ring_time: soon}",
		"wrong media":    "trunks: [{name: a, networks: [192.0.2.0/24], media: all}]",
	} {
		if errs := check(text); len(errs) == 0 {
			t.Errorf("%s: the schema lets %q pass", name, text)
		}
	}
}

// schemaChecker holds documents against the part of JSON Schema that ours uses.
type schemaChecker struct{ root map[string]any }

func (c schemaChecker) check(path string, schema map[string]any, value any) (errs []string) {
	fail := func(format string, args ...any) { errs = append(errs, path+": "+fmt.Sprintf(format, args...)) }
	if ref, ok := schema["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/$defs/")
		return c.check(path, c.root["$defs"].(map[string]any)[name].(map[string]any), value)
	}
	if choices, ok := schema["oneOf"].([]any); ok {
		matching := 0
		for _, choice := range choices {
			if len(c.check(path, choice.(map[string]any), value)) == 0 {
				matching++
			}
		}
		if matching != 1 {
			fail("%v agrees with %d of the alternatives", value, matching)
		}
		return errs
	}
	if want, ok := schema["const"]; ok && want != value {
		fail("%v is not %v", value, want)
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.ContainsFunc(enum, func(e any) bool { return fmt.Sprint(e) == fmt.Sprint(value) }) {
		fail("%v is not one of %v", value, enum)
	}
	wantType, _ := schema["type"].(string)
	switch v := value.(type) {
	case map[string]any:
		if wantType != "object" {
			fail("a map, want %s", wantType)
		}
		properties, _ := schema["properties"].(map[string]any)
		for key, item := range v {
			switch property, known := properties[key].(map[string]any); {
			case known:
				errs = append(errs, c.check(path+"."+key, property, item)...)
			case schema["additionalProperties"] == false:
				fail("no key %s", key)
			default:
				if additional, ok := schema["additionalProperties"].(map[string]any); ok {
					errs = append(errs, c.check(path+"."+key, additional, item)...)
				}
			}
		}
		required, _ := schema["required"].([]any)
		for _, key := range required {
			if _, ok := v[key.(string)]; !ok {
				fail("key %s is missing", key)
			}
		}
	case []any:
		if wantType != "array" {
			fail("a list, want %s", wantType)
		}
		if least, ok := schema["minItems"].(float64); ok && float64(len(v)) < least {
			fail("%d items", len(v))
		}
		items, _ := schema["items"].(map[string]any)
		for i, item := range v {
			errs = append(errs, c.check(fmt.Sprintf("%s[%d]", path, i), items, item)...)
		}
	case string:
		if wantType != "" && wantType != "string" {
			fail("%q, want %s", v, wantType)
		}
		least, _ := schema["minLength"].(float64)
		most, limited := schema["maxLength"].(float64)
		if n := float64(len(v)); n < least || limited && n > most {
			fail("%q has the wrong length", v)
		}
		if pattern, ok := schema["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(v) {
			fail("%q does not match %s", v, pattern)
		}
	case bool:
		if wantType != "boolean" {
			fail("%v, want %s", v, wantType)
		}
	case uint64:
		if wantType != "" && wantType != "integer" {
			fail("%v, want %s", v, wantType)
		}
		if least, ok := schema["minimum"].(float64); ok && float64(v) < least {
			fail("%v is too small", v)
		}
	case float64:
		least, _ := schema["exclusiveMinimum"].(float64)
		if most, _ := schema["maximum"].(float64); wantType != "number" || v <= least || v > most {
			fail("%v is no share", v)
		}
	default:
		fail("a %T", value)
	}
	return errs
}
