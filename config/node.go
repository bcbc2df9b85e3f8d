package config

import (
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// quote shows text of the file in a message: short, and without control characters.
func quote(text string) string { return strconv.Quote(shorten(text)) }

// shorten cuts text for a message.
func shorten(text string) string {
	const most = 60
	for i := range text {
		if i >= most {
			return text[:i] + "…"
		}
	}
	return text
}

// join is the path of a key in the map at path.
func join(path, key string) string {
	if strings.ContainsAny(key, ".[] \t\r\n") {
		key = quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// position is where a value begins: a map at its first key, for which the library gives the colon.
func position(node ast.Node) (line, column int) {
	for m, ok := node.(ast.MapNode); ok; m, ok = node.(ast.MapNode) {
		pairs := m.MapRange()
		if !pairs.Next() || strings.HasPrefix(node.GetToken().Value, "{") {
			break
		}
		node = pairs.Key()
	}
	if node == nil || node.GetToken() == nil || node.GetToken().Position == nil {
		return 0, 0
	}
	at := node.GetToken().Position
	return at.Line, at.Column
}

// kind names what a node is, for messages.
func kind(node ast.Node) string {
	switch node.(type) {
	case ast.MapNode:
		return "a map of keys"
	case *ast.SequenceNode:
		return "a list"
	}
	return "a single value"
}

// isText reports whether the value is text, rather than a number or a switch.
func isText(node ast.Node) bool {
	return node.Type() == ast.StringType || node.Type() == ast.LiteralType
}

// scalarText is the text of a single value as it was written, so that +1650… and 007 stay what they are.
func scalarText(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimRight(n.Value.Value, "\n"), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}
