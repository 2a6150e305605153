package diagnose

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/pack"
)

// Revision is that of the engine. It must be raised whenever the engine's answers change, by however little: stored
// diagnoses say which revision answered, and a replay that differs says why. A test holds fixed answers against it.
const Revision = 4

// Basis is all that a diagnosis depends on, the pack by its name: the same basis and pack give the same answer with the
// same revision of the engine.
type Basis struct {
	Engine int      `json:"engine"` // Revision of the engine that answered
	Pack   pack.Ref `json:"pack"`
	Policy Policy   `json:"policy"`
	Input  Input    `json:"input"`
}

// The errors of reading a basis.
var (
	ErrBasis = problem.New(problem.Internal, "diagnose.basis",
		lang.Text{ZH: "保存的诊断依据读不出来", EN: "what the diagnosis was made from cannot be read"})
	ErrOtherPack = problem.New(problem.Invalid, "diagnose.other_pack",
		lang.Text{ZH: "这不是当时用的知识包", EN: "this is not the knowledge that the diagnosis was made with"})
)

// Write gives the basis of a diagnosis in the form that is stored, and as it will be read back. Diagnose with the latter:
// what the writing loses, if it loses anything, has then not been part of the answer either.
func (e *Engine) Write(in Input) (raw []byte, b Basis, err error) {
	raw, err = json.Marshal(Basis{Engine: Revision, Pack: e.pack.Ref, Policy: e.policy, Input: in})
	if err != nil {
		return nil, b, fmt.Errorf("write the basis of a diagnosis: %w", err)
	}
	b, err = ReadBasis(raw)
	return raw, b, err
}

// ReadBasis reads what Write wrote, also in another revision of the program: what it does not know it leaves out, and
// whether that matters shows when the answers are compared.
func ReadBasis(raw []byte) (Basis, error) {
	var b Basis
	if err := json.Unmarshal(raw, &b); err != nil {
		return b, ErrBasis.Because(err)
	}
	return b, nil
}

// Runs is the engine that answers this basis with a pack, which must be the one that it names.
func (b Basis) Runs(p *pack.Pack) (*Engine, error) {
	if p.Ref != b.Pack {
		return nil, ErrOtherPack.Because(fmt.Errorf("pack %s %s (%s) is asked for and %s given", b.Pack.ID, b.Pack.Version, b.Pack.Hash, p.Ref.Hash))
	}
	return New(p, b.Policy), nil
}

// Answers reports whether this engine is the one for a basis: made of its pack, under its policy.
func (e *Engine) Answers(b Basis) bool {
	return e.pack.Ref == b.Pack && reflect.DeepEqual(e.policy, b.Policy)
}
