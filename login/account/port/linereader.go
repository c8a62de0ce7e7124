package port

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// errLongLine: a line is too long to be read. The next one can be read.
var errLongLine = errors.New("longer than 64 KiB")

// lineReader reads lines as other systems write them: with or without a byte order mark, in UTF-8 or UTF-16, and with any line endings.
type lineReader struct {
	from   *bufio.Reader
	number int // of the line that was read last
}

func newLineReader(from io.Reader) *lineReader {
	decoded := transform.NewReader(from, unicode.BOMOverride(transform.Nop))
	return &lineReader{from: bufio.NewReaderSize(decoded, maxLine+2)}
}

// next returns the next line that is not blank, without blanks at its ends. The bytes are valid until the next call. Errors: io.EOF,
// errLongLine.
func (r *lineReader) next() ([]byte, error) {
	for {
		text, err := r.from.ReadSlice('\n')
		if len(text) == 0 && err != nil {
			return nil, err
		}
		r.number++
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, r.skip()
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		switch text = bytes.TrimSpace(text); {
		case len(text) > maxLine:
			return nil, errLongLine
		case len(text) > 0:
			return text, nil
		}
	}
}

// skip drops the rest of a line.
func (r *lineReader) skip() error {
	for {
		_, err := r.from.ReadSlice('\n')
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return errLongLine
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}
