package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	// maxDepth is how deep values may be nested. The deepest of ours is policy.plans[0].respond.P1.
	maxDepth = 32
	// maxMarks is how many anchors, tags and explicit keys (?) a file may have.
	maxMarks = 1000
	// maxKeys is how many lines of keys a map may have.
	maxKeys = 1000
	// maxNodes bounds what a file may grow to through aliases.
	maxNodes = 200_000
)

// parse turns YAML into its tree; nil for a file that says nothing. What it refuses has a place and a fix.
func parse(name string, data []byte) (root ast.Node, problem *Problem) {
	refuse := func(line, column int, message, fix string) (ast.Node, *Problem) {
		return nil, &Problem{File: name, Line: line, Column: column, Message: message, Fix: fix}
	}
	// The YAML library does not promise to survive every input.
	defer func() {
		if recover() != nil {
			root, problem = refuse(0, 0, "the file is not YAML", "check it with a YAML checker")
		}
	}()
	if len(data) > maxFile {
		return refuse(0, 0, "the file is larger than 1 MB", "a configuration is some kilobytes: give the right file")
	}
	if at := invalidText(data); at >= 0 {
		line := bytes.Count(data[:at], []byte("\n")) + 1
		return refuse(line, at-bytes.LastIndexByte(data[:at], '\n'), "the file is not text in UTF-8", "save it as UTF-8")
	}
	tokens := lexer.Tokenize(string(data))
	if tk, message := tooMuch(tokens); tk != nil {
		return refuse(tk.Position.Line, tk.Position.Column, message, "no configuration needs that: give the right file, or write it plainly")
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		line, column, message := syntax(err)
		return refuse(line, column, "the file is not YAML here: "+message, "check indentation, colons and quotes on this line and the one above")
	}
	docs := file.Docs
	for i, doc := range docs {
		if i > 0 && doc.Body != nil {
			at := doc.Body.GetToken().Position
			return refuse(at.Line, at.Column, "the file holds several YAML documents", "keep one and remove the lines ---")
		}
	}
	if len(docs) == 0 || docs[0].Body == nil {
		return nil, nil
	}
	switch docs[0].Body.(type) {
	case *ast.NullNode, *ast.CommentGroupNode:
		return nil, nil
	}
	return docs[0].Body, nil
}

// invalidText is the offset of the first byte that is not UTF-8 text, or -1.
func invalidText(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 || r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			return i
		}
		i += size
	}
	return -1
}

// line is one that may still be continued by lines further in.
type line struct {
	column int // where it begins
	keys   int // lines of its map that begin with a key, itself included
}

// tooMuch is the token at which a file asks more of the parser than a configuration does, and what that is; nil for
// a good file. The parser descends by recursion, and takes the square of the time for many keys in one map.
func tooMuch(tokens token.Tokens) (*token.Token, string) {
	brackets, inLine, marks := 0, 0, 0
	var lines []line
	for _, tk := range tokens {
		if tk.Prev == nil || tk.Prev.Position.Line != tk.Position.Line {
			inLine = 0
			lines = follow(lines, tk)
		}
		switch tk.Type {
		case token.MappingStartType, token.SequenceStartType:
			brackets++
		case token.MappingEndType, token.SequenceEndType:
			brackets = max(brackets-1, 0)
		case token.CollectEntryType:
			inLine = 0
		case token.SequenceEntryType, token.MappingValueType:
			inLine++
		case token.MappingKeyType, token.TagType, token.AnchorType:
			marks++
		}
		switch {
		case brackets > maxDepth || inLine > maxDepth || len(lines) > 4*maxDepth:
			return tk, fmt.Sprintf("values are nested more than %d deep", maxDepth)
		case marks > maxMarks:
			return tk, fmt.Sprintf("the file has more than %d anchors, tags and question marks", maxMarks)
		case len(lines) > 0 && lines[len(lines)-1].keys > maxKeys:
			return tk, fmt.Sprintf("a map has more than %d keys", maxKeys)
		}
	}
	return nil, ""
}

// follow puts the line that a token begins after the lines it may continue.
func follow(lines []line, first *token.Token) []line {
	column := first.Position.Column
	for len(lines) > 0 && lines[len(lines)-1].column > column {
		lines = lines[:len(lines)-1]
	}
	if len(lines) == 0 || lines[len(lines)-1].column < column {
		lines = append(lines, line{column: column})
	}
	if first.Next != nil && first.Next.Type == token.MappingValueType {
		lines[len(lines)-1].keys++
	}
	return lines
}

// syntax takes place and message out of an error of the YAML library, whose text repeats the source.
func syntax(err error) (line, column int, message string) {
	e, ok := errors.AsType[yaml.Error](err)
	if !ok {
		message, _, _ = strings.Cut(err.Error(), "\n")
		return 0, 0, message
	}
	if tk := e.GetToken(); tk != nil && tk.Position != nil {
		line, column = tk.Position.Line, tk.Position.Column
	}
	return line, column, e.GetMessage()
}

// aliases binds each alias of a tree to the value it stands for: that of the last anchor of its name before it. An
// alias inside its own anchor stands for nothing.
type aliases struct {
	anchors map[string]ast.Node
	bound   map[*ast.AliasNode]ast.Node
}

// bind binds the aliases in node, in the order of the file.
func (a *aliases) bind(node ast.Node) {
	switch n := node.(type) {
	case *ast.AnchorNode:
		a.bind(n.Value)
		a.anchors[n.Name.GetToken().Value] = n.Value
	case *ast.AliasNode:
		a.bound[n] = a.anchors[n.Value.GetToken().Value]
	case *ast.TagNode:
		a.bind(n.Value)
	case *ast.SequenceNode:
		for _, value := range n.Values {
			a.bind(value)
		}
	case ast.MapNode:
		for pair := n.MapRange(); pair.Next(); {
			a.bind(pair.Key())
			a.bind(pair.Value())
		}
	case *ast.MappingKeyNode:
		a.bind(n.Value)
	}
}
