package silence

// The ledger's bins: log worth from -20 to 20.
const (
	bins     = 800
	binWidth = 0.05
	binLeast = -20
)

// How the price is found.
const (
	weeksWeighed = 4     // complete weeks that the price follows from
	weeksYoung   = 2     // first weeks of a fleet, in which silences say more about our ignorance than about shops
	fewDays      = 300.0 // terminal-days below which a fleet's own history says too little
	startPrice   = 2.3   // until then; log worth
	margin       = 0.97  // of the budget that is spent: the next weeks may be worse than the last
)

// Ledger counts, by week, how much an alarm would have been worth at most in each silence that ended with a sale: had it
// been given, it would have been false. The price of an alarm follows from it.
type Ledger struct {
	Price float64 // log worth above which an alarm is given
	Turns int     // weeks that have ended
	Weeks []Week  // oldest first, the present one last
}

// Week is one week of the ledger.
type Week struct {
	Ended [bins]uint32
	Days  float64 // terminal-days that were watched
}

func newLedger() Ledger { return Ledger{Price: startPrice, Weeks: []Week{{}}} }

func bin(worth float64) int { return max(0, min(bins-1, int((worth-binLeast)/binWidth))) }

// ended books a silence that ended with a sale.
func (l *Ledger) ended(peak float32) {
	if peak > never {
		l.Weeks[len(l.Weeks)-1].Ended[bin(float64(peak))]++
	}
}

// turn closes a week and sets the price.
func (l *Ledger) turn(days, budget float64) {
	l.Turns++
	l.Weeks[len(l.Weeks)-1].Days = days
	if l.Turns <= weeksYoung {
		l.Weeks = nil
	}
	l.Weeks = append(l.Weeks, Week{})
	if len(l.Weeks) > weeksWeighed+1 {
		l.Weeks = l.Weeks[1:]
	}
	l.Price = l.price(budget * margin)
}

// price is the least worth above which the alarms of the complete weeks would have stayed within the budget.
func (l *Ledger) price(budget float64) float64 {
	weeks := l.Weeks[:len(l.Weeks)-1]
	days := 0.0
	for i := range weeks {
		days += weeks[i].Days
	}
	least, n, allowed := float64(binLeast), 0.0, budget*days/30
	for b := bins - 1; b >= 0; b-- {
		for i := range weeks {
			n += float64(weeks[i].Ended[b])
		}
		if n > allowed {
			least = binLeast + float64(b+1)*binWidth
			break
		}
	}
	if days < fewDays {
		return max(startPrice, least)
	}
	return least
}
