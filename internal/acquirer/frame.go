package acquirer

import (
	"encoding/binary"
	"fmt"
	"io"
)

// MaxFrame bounds a message. The longest that POS fields can make is well below.
const MaxFrame = 4096

// ReadFrame reads one frame: two bytes of length, then so many bytes. A length of nothing or above max is refused
// before anything is allocated. io.EOF means that the other side closed the connection between two frames.
func ReadFrame(r io.Reader, max int) ([]byte, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint16(head[:]))
	if size == 0 || size > max {
		return nil, formatError(fmt.Errorf("a frame of %d bytes, allowed are 1 to %d", size, max))
	}
	frame := make([]byte, size)
	if _, err := io.ReadFull(r, frame); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return frame, nil
}

// WriteFrame writes one frame in a single Write.
func WriteFrame(w io.Writer, frame []byte) error {
	if len(frame) == 0 || len(frame) > MaxFrame {
		return formatError(fmt.Errorf("a frame of %d bytes, allowed are 1 to %d", len(frame), MaxFrame))
	}
	out := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(frame)), uint16(len(frame)))
	_, err := w.Write(append(out, frame...))
	return err
}
