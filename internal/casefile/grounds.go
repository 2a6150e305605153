package casefile

import (
	"encoding/json"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Grounds are all that one diagnosis of a case was made from, and what it said: with the revision of the pack that they
// name, it can be made again years later. They are written once and never changed.
type Grounds struct {
	Case     string          `json:"case"`
	Seq      int64           `json:"seq"` // among the diagnoses of the case, from 1; given by the store
	At       time.Time       `json:"at"`
	PackHash string          `json:"pack_hash"`
	Engine   int             `json:"engine"` // revision of the engine that answered
	Basis    json.RawMessage `json:"basis"`  // diagnose.Basis
	Answer   json.RawMessage `json:"answer"` // diagnose.Diagnosis
}

// ErrNoGrounds says that a diagnosis cannot be made again.
var ErrNoGrounds = problem.New(problem.NotFound, "casefile.no_grounds",
	lang.Text{ZH: "这个案例没有保存当时的诊断依据", EN: "what this diagnosis was made from was not kept"}).
	WithHint(lang.Text{ZH: "旧版本程序的诊断不能重放", EN: "diagnoses made by older programs cannot be made again"})

// Bounds of what is kept.
const (
	MaxGrounds = 200 // of a case: the first one and the newest
	MaxBasis   = 256 << 10
)

// Keepable says whether the grounds are small and whole enough to be kept. A diagnosis counts without them too: they serve
// whoever asks later why.
func (g Grounds) Keepable() bool {
	return len(g.Basis) <= MaxBasis && json.Valid(g.Basis) && g.Engine > 0
}

// Dropped is the newest diagnosis that is no longer kept once there is a diagnosis of this number; the first one always is.
func Dropped(seq int64) int64 { return seq - MaxGrounds + 1 }
