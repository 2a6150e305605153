package agentdoor_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain wants that doors leave nothing running behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
