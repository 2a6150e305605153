package queue

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/wire"
)

// A record is: length of the payload (4 bytes, little endian), its CRC-32C (4 bytes), the payload (a report as JSON).
const (
	headBytes = 8
	maxRecord = 512 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendRecord writes a record behind what is there.
func appendRecord(to, payload []byte) []byte {
	to = binary.LittleEndian.AppendUint32(to, uint32(len(payload)))
	to = binary.LittleEndian.AppendUint32(to, crc32.Checksum(payload, castagnoli))
	return append(to, payload...)
}

// split gives the payloads of a segment. What follows the first record that is cut off or damaged cannot be trusted
// and is left out; whole says whether there was no such thing.
func split(segment []byte) (payloads [][]byte, whole bool) {
	for len(segment) > 0 {
		if len(segment) < headBytes {
			return payloads, false
		}
		size := binary.LittleEndian.Uint32(segment)
		sum := binary.LittleEndian.Uint32(segment[4:])
		if size == 0 || size > maxRecord || int(size) > len(segment)-headBytes {
			return payloads, false
		}
		payload := segment[headBytes : headBytes+size]
		if crc32.Checksum(payload, castagnoli) != sum {
			return payloads, false
		}
		payloads = append(payloads, payload)
		segment = segment[headBytes+size:]
	}
	return payloads, true
}

// thin takes the detail out of a report and leaves the facts: that there was one, its findings, the host's answers.
func thin(r wire.Report) wire.Report {
	r.Readings = nil
	facts := make([]finding.Finding, len(r.Findings))
	for i, f := range r.Findings {
		f.Detail = ""
		facts[i] = f
	}
	r.Findings = facts
	return r
}

// thinSegment rewrites a segment record by record, so that places in it stay the same.
func thinSegment(segment []byte) ([]byte, error) {
	payloads, _ := split(segment)
	var out []byte
	for _, payload := range payloads {
		var r wire.Report
		if err := json.Unmarshal(payload, &r); err != nil {
			return nil, err
		}
		less, err := json.Marshal(thin(r))
		if err != nil {
			return nil, err
		}
		out = appendRecord(out, less)
	}
	return out, nil
}
