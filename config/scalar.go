package config

import (
	"encoding"
	"errors"
	"net/netip"
	"os"
	"reflect"
	"strconv"

	"github.com/goccy/go-yaml/ast"
)

// scalar reads a single value.
func (r *reader) scalar(path string, node ast.Node, v reflect.Value, rule rules) {
	written, ok := scalarText(node)
	if !ok {
		r.reportAt(path, node, "is "+kind(node)+", where a single value is expected", "write the value on the same line")
		return
	}
	secret := v.Type() == reflect.TypeFor[Secret]()
	shown := quote(written) + " "
	if secret && !isReference(written) {
		shown = ""
		r.mark(path, node, "")
	} else {
		r.mark(path, node, written)
	}
	text := written
	if isText(node) {
		expanded, err := expand(r.file, written)
		if err != nil {
			r.malformed(path, node, "", err)
			return
		}
		text = expanded
	}
	if err := r.set(v, node, text, isText(node) && !isReference(written)); err != nil {
		r.malformed(path, node, shown, err)
		return
	}
	if err := rule.check(v, text); err != nil {
		r.malformed(path, node, shown, err)
	}
	if file, ok := v.Addr().Interface().(*Path); ok {
		r.plainFile(path, node, file)
	}
}

// plainFile makes a path its file's own, and checks that it leads to something that can be read.
func (r *reader) plainFile(path string, node ast.Node, file *Path) {
	if *file == "" {
		return
	}
	*file = Path(within(r.file, string(*file)))
	if info, err := os.Stat(string(*file)); err != nil || !info.Mode().IsRegular() {
		r.reportAt(path, node, r.shown(path)+" is not a file that can be read", "make it, readable for the gateway's user, or correct the path")
	}
}

// set puts text into v. Numbers and switches may come by reference, but not as quoted text.
func (r *reader) set(v reflect.Value, node ast.Node, text string, quoted bool) error {
	switch v.Kind() {
	case reflect.Bool:
		on, err := strconv.ParseBool(text)
		if err != nil || quoted || len(text) < 4 {
			return &malformed{"is not a switch", "write true or false"}
		}
		v.SetBool(on)
		return nil
	case reflect.Int:
		if _, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
			break
		}
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || quoted {
			return &malformed{"is not a whole number", "write digits only, without quotes"}
		}
		v.SetInt(n)
		return nil
	}
	return setText(v, text)
}

// setText puts text into a value that is made of text.
func setText(v reflect.Value, text string) error {
	var err error
	switch at := v.Addr().Interface().(type) {
	case *netip.Prefix:
		*at, err = parseNetwork(text)
	case *netip.AddrPort:
		*at, err = parseAddrPort(text)
	case *netip.Addr:
		*at, err = parseAddr(text)
	case encoding.TextUnmarshaler:
		err = at.UnmarshalText([]byte(text))
	default:
		v.SetString(text)
	}
	return err
}

// malformed reports err of the value at path; shown stands before its message.
func (r *reader) malformed(path string, node ast.Node, shown string, err error) {
	m, ok := errors.AsType[*malformed](err)
	if !ok {
		m = &malformed{err.Error(), ""}
	}
	r.reportAt(path, node, shown+m.message, m.fix)
}
