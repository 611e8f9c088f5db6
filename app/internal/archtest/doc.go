// Package archtest holds the house's plan against its walls: which package may import which.
//
// The rules read the import lines of every Go file of the module, test files and every build tag included, without
// building anything. A rule that is broken names the file, the import and the reason. What stands in testdata/broken
// breaks every rule once, so that a rule which has gone blind is seen.
package archtest
