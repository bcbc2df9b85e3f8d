package config

import (
	"encoding"
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml/ast"
)

// reader lays one file over a configuration. It walks the file's tree beside the types, so that it can go on after
// a problem and tell the next one too.
type reader struct {
	file     string
	config   *Config
	problems findings
	aliases  aliases
	types    map[reflect.Type]fieldSet
	nodes    int // visited so far, aliases followed
}

func newReader(file string, c *Config) *reader {
	return &reader{
		file:    file,
		config:  c,
		aliases: aliases{anchors: map[string]ast.Node{}, bound: map[*ast.AliasNode]ast.Node{}},
		types:   map[reflect.Type]fieldSet{},
	}
}

// read lays data over the configuration.
func (r *reader) read(data []byte) {
	root, problem := parse(r.file, data)
	if problem != nil {
		r.problems.add(*problem)
		return
	}
	if root == nil {
		return
	}
	r.aliases.bind(root)
	r.value("", root, reflect.ValueOf(r.config).Elem(), rules{})
}

// report adds a problem of the value at path.
func (r *reader) report(path, message, fix string) {
	r.problems.add(r.config.Problem(path, message, fix))
}

// reportAt adds a problem of the value at path, which node begins.
func (r *reader) reportAt(path string, node ast.Node, message, fix string) {
	line, column := position(node)
	r.problems.add(Problem{File: r.file, Line: line, Column: column, Path: path, Message: message, Fix: fix})
}

// value reads node into v.
func (r *reader) value(path string, node ast.Node, v reflect.Value, rule rules) {
	if r.nodes++; r.nodes > maxNodes {
		r.reportAt(path, node, "aliases make the file grow without end", "write the values out")
		return
	}
	node, ok := r.resolve(path, node)
	if !ok {
		return
	}
	r.mark(path, node, "")
	if node.Type() == ast.NullType {
		r.reportAt(path, node, "has no value", "give one, or remove the line to keep the default")
		return
	}
	switch at := v.Addr().Interface().(type) {
	case *Media:
		r.media(path, node, at, rule)
		return
	case encoding.TextUnmarshaler, *Secret:
		r.scalar(path, node, v, rule)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		r.structure(path, node, v)
	case reflect.Map:
		r.table(path, node, v, rule)
	case reflect.Slice:
		r.list(path, node, v, rule)
	case reflect.Pointer:
		target := reflect.New(v.Type().Elem())
		r.value(path, node, target.Elem(), rule)
		v.Set(target)
	default:
		r.scalar(path, node, v, rule)
	}
}

// mark notes where the value at path was written.
func (r *reader) mark(path string, node ast.Node, text string) {
	line, column := position(node)
	r.config.places[path] = place{file: r.file, line: line, column: column, text: text}
}

// resolve follows anchors and aliases to the value itself.
func (r *reader) resolve(path string, node ast.Node) (ast.Node, bool) {
	for range maxDepth {
		switch n := node.(type) {
		case *ast.AnchorNode:
			node = n.Value
		case *ast.AliasNode:
			target := r.aliases.bound[n]
			if target == nil {
				r.reportAt(path, n, fmt.Sprintf("the alias *%s stands for nothing", shorten(n.Value.GetToken().Value)), "write &"+shorten(n.Value.GetToken().Value)+" before the value it should stand for, further up")
				return nil, false
			}
			node = target
		case *ast.MappingKeyNode:
			node = n.Value
		case *ast.TagNode:
			r.reportAt(path, n, "has a YAML tag, which has no meaning here", "remove the word that begins with !")
			return nil, false
		case nil:
			return nil, false
		default:
			return node, true
		}
	}
	return nil, false
}

// structure reads a map into the fields of a struct.
func (r *reader) structure(path string, node ast.Node, v reflect.Value) {
	fields := r.fieldsOf(v.Type())
	given := map[string]bool{}
	misspelt := map[string]bool{}
	ok := r.pairs(path, node, func(key string, keyNode, value ast.Node) {
		at := join(path, key)
		field, known := fields.byName[key]
		switch {
		case !known:
			like := nearest(key, fields.names)
			misspelt[like] = true
			r.reportAt(at, keyNode, "no such key", suggestion(like, fields.names))
		case given[key]:
			r.reportAt(at, keyNode, "is given a second time", "keep one of the two")
		default:
			given[key] = true
			r.value(at, value, v.FieldByIndex(field.Index), field.rules)
		}
	})
	if !ok {
		return
	}
	for _, name := range fields.names {
		if fields.byName[name].rules.required && !given[name] && !misspelt[name] {
			r.reportAt(join(path, name), node, "is missing", "add a line "+name+": …")
		}
	}
}

// suggestion tells which key was probably meant.
func suggestion(like string, names []string) string {
	if like != "" {
		return "did you mean " + like + "?"
	}
	return "choose from " + choices(names)
}

// table reads a map into a Go map, laid over what is there.
func (r *reader) table(path string, node ast.Node, v reflect.Value, rule rules) {
	merged := reflect.MakeMap(v.Type())
	for _, key := range v.MapKeys() {
		merged.SetMapIndex(key, v.MapIndex(key))
	}
	given := map[string]bool{}
	r.pairs(path, node, func(text string, keyNode, valueNode ast.Node) {
		at := join(path, text)
		if given[text] {
			r.reportAt(at, keyNode, "is given a second time", "keep one of the two")
			return
		}
		given[text] = true
		key := reflect.New(v.Type().Key()).Elem()
		if err := setText(key, text); err != nil {
			r.malformed(at, keyNode, quote(text)+" ", err)
			return
		}
		value := reflect.New(v.Type().Elem()).Elem()
		r.value(at, valueNode, value, rule)
		merged.SetMapIndex(key, value)
	})
	v.Set(merged)
}

// pairs calls each for the keys of a map in their order, those merged in by << last. It reports whether node is a map.
func (r *reader) pairs(path string, node ast.Node, each func(key string, keyNode, value ast.Node)) bool {
	m, ok := node.(ast.MapNode)
	if !ok {
		r.reportAt(path, node, "is "+kind(node)+", where a map of keys is expected", "write its keys on lines of their own, indented")
		return false
	}
	for pair := m.MapRange(); pair.Next(); {
		keyNode, ok := r.resolve(path, pair.Key())
		if !ok {
			continue
		}
		if keyNode.Type() == ast.MergeKeyType {
			r.reportAt(path, keyNode, "merges another map by <<, which is not supported", "write the keys out")
			continue
		}
		key, ok := scalarText(keyNode)
		if !ok || len(key) > 200 {
			r.reportAt(path, keyNode, "has a key that is not a word", "write key: value")
			continue
		}
		each(key, keyNode, pair.Value())
	}
	return true
}

// list reads a sequence into a slice, which replaces what is there.
func (r *reader) list(path string, node ast.Node, v reflect.Value, rule rules) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		r.reportAt(path, node, "is "+kind(node)+", where a list is expected", "write each item on a line that begins with -")
		return
	}
	r.config.places.forget(path)
	if n := len(sequence.Values); n < rule.minItems {
		r.reportAt(path, node, "is an empty list", "give at least one")
		return
	} else if rule.maxItems > 0 && n > rule.maxItems {
		r.reportAt(path, node, fmt.Sprintf("has %d items", n), fmt.Sprintf("give at most %d", rule.maxItems))
		return
	}
	items := reflect.MakeSlice(v.Type(), len(sequence.Values), len(sequence.Values))
	for i, item := range sequence.Values {
		v := items.Index(i)
		if d, ok := v.Addr().Interface().(interface{ defaults() }); ok {
			d.defaults()
		}
		r.value(fmt.Sprintf("%s[%d]", path, i), item, v, rule)
	}
	v.Set(items)
	if rule.unique {
		r.unique(path, items)
	}
}

// unique reports items that are in a list twice.
func (r *reader) unique(path string, items reflect.Value) {
	seen := map[any]bool{}
	for i := range items.Len() {
		item := items.Index(i).Interface()
		if seen[item] {
			at := fmt.Sprintf("%s[%d]", path, i)
			r.report(at, r.shown(at)+" is in the list a second time", "keep one of the two")
		}
		seen[item] = true
	}
}

// media reads the word any or a list of networks.
func (r *reader) media(path string, node ast.Node, m *Media, rule rules) {
	if text, ok := scalarText(node); ok {
		r.mark(path, node, text)
		if text != "any" {
			r.reportAt(path, node, quote(text)+" is neither any nor a list of networks", "write any, or each network on a line that begins with -")
			return
		}
		m.Any = true
		return
	}
	rule.minItems, rule.maxItems = 1, 1000
	r.list(path, node, reflect.ValueOf(&m.Networks).Elem(), rule)
}

// shown is the value at path as it was written, quoted.
func (r *reader) shown(path string) string { return quote(r.config.places.find(path).text) }
