package agentdoor

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// maxDepth is how deep a message may nest; the deepest real one (a batch with a finding) is five.
const maxDepth = 16

var (
	errTooLarge = refusal(problem.TooLarge, BodyTooLarge, "上送的内容太大", "the message is too large")
	errShape    = refusal(problem.Invalid, BodyShape, "上送的内容不是有效的报文", "the message is malformed")
	errDeep     = refusal(problem.Invalid, BodyDeep, "上送的内容嵌套太深", "the message is nested too deeply")
)

// body reads a request's body within limit bytes.
func body(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, errTooLarge
	case err != nil:
		return nil, errShape.Because(err)
	}
	return raw, nil
}

// decode reads one JSON message. Fields it does not know are tolerated, because an agent may be newer than the
// gateway; unknown says whether there were any.
func decode[T any](raw []byte) (message T, unknown bool, err error) {
	if !shallow(raw, maxDepth) {
		return message, false, errDeep
	}
	strict := json.NewDecoder(bytes.NewReader(raw))
	strict.DisallowUnknownFields()
	if strict.Decode(&message) == nil && atEnd(strict) {
		return message, false, nil
	}
	// A fresh value: the strict attempt may have left half of the message behind.
	var fresh, none T
	if json.Unmarshal(raw, &fresh) != nil {
		// The decoder's own words may quote the input, which may hold card data: they are not passed on.
		return none, false, errShape
	}
	return fresh, true, nil
}

func atEnd(d *json.Decoder) bool {
	_, err := d.Token()
	return errors.Is(err, io.EOF)
}

// shallow reports whether brackets nest at most limit deep. It does not check anything else.
func shallow(raw []byte, limit int) bool {
	depth, inString := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return false
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return true
}

// looseBatch is a batch whose reports are looked at one by one.
type looseBatch struct {
	wire.Batch
	Reports []json.RawMessage `json:"reports"`
}

// decodeBatch reads a batch. A single report that does not decode must not hold up the others, or its agent would send
// the same batch for ever: it is refused by name, when it has one.
func decodeBatch(raw []byte) (b wire.Batch, bad []wire.Refusal, unknown bool, err error) {
	b, unknown, err = decode[wire.Batch](raw)
	if err == nil || errors.Is(err, errDeep) {
		return b, nil, unknown, err
	}
	var loose looseBatch
	if json.Unmarshal(raw, &loose) != nil || len(loose.Reports) > wire.MaxReports {
		return wire.Batch{}, nil, false, err
	}
	b = wire.Batch{Version: loose.Version, SentAt: loose.SentAt}
	for _, one := range loose.Reports {
		var r wire.Report
		if json.Unmarshal(one, &r) == nil {
			b.Reports = append(b.Reports, r)
			continue
		}
		var name struct {
			Boot string
			Seq  uint64
		}
		if json.Unmarshal(one, &name) != nil || !bootWord.MatchString(name.Boot) || masked(name.Boot) {
			return wire.Batch{}, nil, false, errShape
		}
		bad = append(bad, wire.Refusal{Boot: name.Boot, Seq: name.Seq, Code: string(ReportShape), Text: "the report is malformed"})
	}
	return b, bad, unknown, nil
}

// masked reports whether a word holds card data and must not be repeated.
func masked(word string) bool {
	_, cards := carddata.Scrub(word)
	return cards > 0
}
