// Package biz decides about orders: what they cost, how they live, what is paid back.
//
// Always true, in every method that returns without error:
//   - Every change of a state is an edge of the tables in machine.go and appends one event; the events of an order are
//     numbered from 1 without a gap, and the number of the last one is the order's version.
//   - The sum of the lines' payables and the freight is the order's total; discounts and points are split to lines once,
//     to the minor unit, and never again.
//   - Refunds of a capture, pending and done, are never above it. The partial refunds of a line sum to what was paid for
//     it, in whatever pieces it comes back.
//   - One transaction of a payment provider has one effect. Money that comes when the order cannot take it is refunded.
//   - A method that returns an error has decided nothing: its Order is thrown away, the Record it was restored from is
//     untouched.
//   - Nothing here reads a clock, a database or the network: times and facts are arguments.
package biz
