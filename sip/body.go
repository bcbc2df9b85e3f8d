package sip

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// maxParts bounds how many parts of a multipart body are looked at.
const maxParts = 8

// sessionOf is the session description of a message: its body, or the part of a multipart one (RFC 5621,
// as carriers send it beside ISUP). It is empty, and ok, for a message without a body.
func sessionOf(m interface {
	Body() []byte
	ContentType() *sipgo.ContentTypeHeader
},
) (session []byte, ok bool) {
	body := m.Body()
	if len(body) == 0 {
		return nil, true
	}
	switch kind := mediaType(m); {
	case kind == sdpType:
		return body, true
	case strings.HasPrefix(kind, "multipart/"):
		return sessionPart(m.ContentType().Value(), body)
	}
	return nil, false
}

func sessionPart(contentType string, body []byte) ([]byte, bool) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, false
	}
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for range maxParts {
		part, err := parts.NextRawPart()
		if err != nil {
			return nil, false
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if kind != sdpType {
			continue
		}
		session, err := io.ReadAll(io.LimitReader(part, maxMessage))
		return session, err == nil
	}
	return nil, false
}

// optionalBody says that the sender lets us ignore the body.
func optionalBody(req *sipgo.Request) bool {
	for _, h := range headersOf(req, "Content-Disposition") {
		if strings.Contains(strings.ReplaceAll(strings.ToLower(h.Value()), " ", ""), "handling=optional") {
			return true
		}
	}
	return false
}
