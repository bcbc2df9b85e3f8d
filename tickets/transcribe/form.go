package transcribe

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"

	"readback/tickets"
	"readback/tickets/egress"
)

const (
	header   = 44                  // bytes of the smallest WAV
	shortest = header + 8000*2/10  // a tenth of a second is the least that OpenAI takes
	largest  = 64<<20 + header     // half an hour at 16 kHz, and some
	riff     = len("RIFF1234WAVE") // what tells the length
)

// measured is a WAV and its length in bytes, as its first lines tell it: servers want to know it beforehand, and where the recording
// comes from it may be known to nobody.
func measured(sound io.Reader) (io.Reader, int64, error) {
	begin := make([]byte, riff)
	_, err := io.ReadFull(sound, begin)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, 0, fmt.Errorf("read the recording: %w", err)
	}
	if err != nil || string(begin[:4]) != "RIFF" || string(begin[8:]) != "WAVE" {
		return nil, 0, fmt.Errorf("%w: the recording is not a WAV file", tickets.ErrRefused)
	}
	size := int64(binary.LittleEndian.Uint32(begin[4:])) + 8
	if size < int64(riff) || size > largest {
		return nil, 0, fmt.Errorf("%w: the recording has %d bytes by its own account", tickets.ErrRefused, size)
	}
	return io.MultiReader(bytes.NewReader(begin), io.LimitReader(sound, size-int64(riff))), size, nil
}

// form is the request (multipart/form-data, RFC 7578), whose file is read while it is sent. The name of the recording stays here.
func form(sound io.Reader, size int64, want tickets.Transcript) egress.Request {
	var written bytes.Buffer
	form := multipart.NewWriter(&written) // writing into memory never fails
	for _, field := range [][2]string{{"model", want.Model}, {"language", want.Language}, {"response_format", "json"}} {
		if field[1] != "" {
			_ = form.WriteField(field[0], field[1])
		}
	}
	_, _ = form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="recording.wav"`}, "Content-Type": {"audio/wav"},
	})
	before := bytes.Clone(written.Bytes())
	written.Reset()
	_ = form.Close()
	return egress.Request{
		Header: http.Header{"Content-Type": {form.FormDataContentType()}, "Accept": {"application/json"}},
		Stream: io.MultiReader(bytes.NewReader(before), sound, &written), Size: int64(len(before)) + size + int64(written.Len()),
	}
}
