package incident_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/posmedic/posmedic/internal/incident"
)

// BenchmarkDetect looks at fleets on a quiet day and while a version fails on one model.
func BenchmarkDetect(b *testing.B) {
	for _, terminals := range []int{1_000, 10_000, 100_000} {
		for name, causes := range map[string][]incident.Shared{"quiet": nil, "version": {planted()[6]}, "host": {planted()[0]}} {
			b.Run(fmt.Sprint(name, "-", terminals), func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 1))
				members := town(r, terminals)
				strike(r, members, 0.01, 0.5, causes...)
				for b.Loop() {
					incident.Detect(members, func(incident.Symptom) float64 { return 0.01 }, incident.DefaultRules())
				}
			})
		}
	}
}
