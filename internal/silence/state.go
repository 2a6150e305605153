package silence

import (
	"bytes"
	"encoding/binary"
	"encoding/json"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// stateVersion is the first byte of a stored Terminal. What was learned in another shape is learned anew.
const stateVersion = 1

// ErrState says that a stored state cannot be read.
var ErrState = problem.New(problem.Internal, "silence.state", lang.Text{
	ZH: "终端的营业规律读不出来", EN: "what was learned of a terminal's sales cannot be read",
})

// MarshalBinary gives the terminal in its fixed size.
func (t *Terminal) MarshalBinary() ([]byte, error) {
	return binary.Append([]byte{stateVersion}, binary.LittleEndian, t)
}

// UnmarshalBinary reads what MarshalBinary gave.
func (t *Terminal) UnmarshalBinary(data []byte) error {
	if len(data) == 0 || data[0] != stateVersion {
		return ErrState
	}
	if err := binary.Read(bytes.NewReader(data[1:]), binary.LittleEndian, t); err != nil {
		return ErrState.Because(err)
	}
	return nil
}

// ReadFleet reads a fleet that was stored as JSON.
func ReadFleet(data []byte, p Policy) (*Fleet, error) {
	f := NewFleet(p)
	if err := json.Unmarshal(data, f); err != nil {
		return nil, ErrState.Because(err)
	}
	for _, c := range f.Classes {
		c.refresh()
	}
	return f, nil
}
