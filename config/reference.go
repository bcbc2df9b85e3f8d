package config

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// maxReference is the size in bytes of the largest file a ${file:…} may name, and of the largest text made with it.
const maxReference = 64 << 10

// isReference reports whether text stands, in whole or in part, for something outside the file.
func isReference(text string) bool { return strings.Contains(text, "${") }

// expand replaces ${env:NAME} and ${file:PATH} in text, and $${ by a plain ${. Line ends at the end of a file are
// dropped. Errors are *malformed and never hold what a reference stands for.
func expand(file, text string) (string, error) {
	var out strings.Builder
	for {
		head, tail, ok := strings.Cut(text, "${")
		if !ok {
			out.WriteString(text)
			return out.String(), nil
		}
		if plain, escaped := strings.CutSuffix(head, "$"); escaped {
			out.WriteString(plain + "${")
			text = tail
			continue
		}
		out.WriteString(head)
		reference, rest, ok := strings.Cut(tail, "}")
		if !ok {
			return "", &malformed{"opens a reference that nothing closes", "write ${env:NAME} or ${file:PATH}; for a plain ${ write $${"}
		}
		value, err := dereference(file, reference)
		if err != nil {
			return "", err
		}
		if out.Len()+len(value) > maxReference {
			return "", &malformed{"grows over 64 kB through its references", "refer to one short value"}
		}
		out.WriteString(value)
		text = rest
	}
}

// dereference is what env:NAME or file:PATH stands for.
func dereference(file, reference string) (string, error) {
	kind, name, _ := strings.Cut(reference, ":")
	switch kind {
	case "env":
		value, ok := os.LookupEnv(name)
		if !ok {
			return "", &malformed{fmt.Sprintf("needs the environment variable %q, which is not set", name), "set it for the gateway, also in its service file"}
		}
		return value, nil
	case "file":
		return referredFile(within(file, name))
	}
	return "", &malformed{fmt.Sprintf("holds the reference ${%s}, which is of no known kind", reference), "write ${env:NAME} or ${file:PATH}; for a plain ${ write $${"}
}

// referredFile is the content of a regular file; of text without the line ends at its end.
func referredFile(path string) (string, error) {
	info, err := os.Stat(path) // before opening: opening a named pipe would wait
	if err != nil {
		return "", &malformed{fmt.Sprintf("needs a file that cannot be read: %v", err), "make it, readable for the gateway's user"}
	}
	if !info.Mode().IsRegular() {
		return "", &malformed{fmt.Sprintf("needs %s, which is not a plain file", path), "name a file that holds the value and nothing else"}
	}
	f, err := os.Open(path)
	if err != nil {
		return "", &malformed{fmt.Sprintf("needs a file that cannot be read: %v", err), "make it readable for the gateway's user"}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxReference+1))
	if err != nil {
		return "", &malformed{fmt.Sprintf("needs a file that cannot be read: %v", err), "make it readable for the gateway's user"}
	}
	if len(data) > maxReference {
		return "", &malformed{fmt.Sprintf("needs %s, which is larger than 64 kB", path), "name a file that holds the value and nothing else"}
	}
	if !utf8.Valid(data) {
		return string(data), nil // random bytes rather than a line of text: all of them count
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}
