package roll

import (
	"fmt"
	"io"
	"strconv"
)

// chunk is how much of a printed roll is held before it is written. A roll takes
// this much memory, however long it is.
const chunk = 16 << 10

// Style is one of the forms in which the original hands out a roll. They differ
// in one blank.
type Style string

// The styles.
const (
	// Text is what the original program prints.
	Text Style = `" `
	// CSV is the file that pfSense offers for download. It is without the blank,
	// which spreadsheets used to need and points of sale could not abide.
	CSV Style = `"`
)

// Print writes the codes of tickets first to last of a roll in one of the
// original's forms: seven lines that begin with #, then one code per line. The
// original prints from ticket 1 only. A failure is w's.
func (p *Printer) Print(w io.Writer, style Style, roll, first, last uint32) error {
	return p.coder.print(w, style, roll, first, last)
}

func (c *coder) print(w io.Writer, style Style, roll, first, last uint32) error {
	buffer := c.appendHeader(make([]byte, 0, chunk+256), roll, first, last)
	for ticket := first; ticket <= last; ticket++ {
		buffer = append(buffer, style...)
		buffer = c.write(buffer, c.number(uint64(roll), uint64(ticket)))
		buffer = append(buffer, "\"\n"...)
		if len(buffer) < chunk {
			continue
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
		buffer = buffer[:0]
	}
	_, err := w.Write(buffer)
	return err
}

func (c *coder) appendHeader(to []byte, roll, first, last uint32) []byte {
	magicBits := max(0, 8*c.bytes-1-c.format.used())
	return fmt.Appendf(to, `# Voucher Tickets %d..%d for Roll %d
# Nr of Roll Bits     %d
# Nr of Ticket Bits   %d
# Nr of Checksum Bits %d
# magic initializer   %d (%d Bits used)
# Character Set used  %s
#
`, first, last, roll, c.format.RollBits, c.format.TicketBits, c.format.ChecksumBits, c.magic, magicBits, c.alphabet)
}

// FileName is the name under which pfSense offers a roll's file.
func FileName(zone string, roll uint32) string {
	return "vouchers_" + zone + "_roll" + strconv.FormatUint(uint64(roll), 10) + ".csv"
}
