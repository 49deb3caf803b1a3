// Package sheet reads lists of visitors that people make in spreadsheets: CSV (RFC
// 4180), parted by commas or semicolons, in UTF-8 with or without a mark at its
// beginning.
//
// The first line names the columns, in any order and case; blanks and dashes in
// names are as good as underscores. A name that is not known is refused: a column
// that is passed over in silence is noticed when the visitors come. Cells are
// texts, whatever a spreadsheet would make of them: nothing is calculated.
//
// What is wrong is said by line and column, as the spreadsheet counts them, and
// never by what the cell holds. Lines count as the file has them, so that a cell of
// two lines counts for two.
package sheet
