// Package silence finds terminals that have fallen silent from their sales alone: no agent, no probe, no call is needed.
//
// Terminal is what is learned of one terminal, a record of fixed size: its level, its hours of the week, how much its
// days differ from each other, how often it stays closed for a whole day, and which day of the week it never opens.
// Class is what the terminals of one line of business have in common, and what a new terminal starts from. Fleet holds
// the classes and the price of a false alarm.
//
// How surprising a silence is, is the probability that a healthy terminal would have been silent as long (survival.go):
// what has been sold already today tells how busy today is, a day without any sale may be a closed day, and a day on
// which the whole class sells little is a holiday. How much it matters is what would be lost by waiting (worth.go). The
// two meet in one number, the worth of an alarm: lost sales and hours of delay saved by telling now instead of later, for
// each false alarm that waiting would have spared. An alarm is given when its worth exceeds the price, and the price
// is what keeps the false alarms of the last weeks within the budget (budget.go). A busy terminal is thus told after
// minutes of trade, a quiet one after days, and no hour is set by hand.
//
// Nothing here reads a clock or stores anything: hours are handed in, one after the other.
package silence
