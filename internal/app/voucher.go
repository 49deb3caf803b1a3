package app

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/foyerhq/foyer/internal/roll"
)

// VoucherCommand stands in for the voucher program of m0n0wall and pfSense, which
// makes and reads roll codes, so that scripts and firewalls can call it instead.
// Its arguments are parsed as that program parses its own.
type VoucherCommand struct {
	Args []string `arg:"" optional:"" help:"[-c CONFIG] -k PUBLIC_KEY CODE… | [-c CONFIG] -p PRIVATE_KEY ROLL COUNT | -s -k PUBLIC_KEY"`
}

// Run ends the process itself where the original would not end with 0: its exit
// codes and texts are what scripts go by.
func (c *VoucherCommand) Run(p *Program) error {
	if exit := voucher(c.Args, p.Out, os.Stderr); exit != 0 {
		os.Exit(exit)
	}
	return nil
}

// maxVoucherFile bounds a key or configuration file; real ones have a few hundred
// octets.
const maxVoucherFile = 64 << 10

const voucherUsage = `
voucher [-c cfg_file] -k public_key voucher
voucher [-c cfg_file] -p private_key roll count
voucher -s -k private_key

`

// voucherOptions are what follows the program's name.
type voucherOptions struct {
	config  string
	key     string
	private bool // key is a private one
	size    bool // the question is the key's size
	rest    []string
}

// voucher does what the original program does and returns its exit code. What is
// asked for and refusals of it go to out, misuse and missing files to complaints.
func voucher(args []string, out, complaints io.Writer) (exit int) {
	options, err := voucherArguments(args)
	if err != nil {
		fmt.Fprint(complaints, err, "\n", voucherUsage)
		return 1
	}
	if !options.complete() {
		fmt.Fprint(complaints, voucherUsage)
		return 1
	}
	buffered := bufio.NewWriter(out)
	err = options.run(buffered)
	if refusal, ok := errors.AsType[*roll.OriginalError](err); ok {
		fmt.Fprintln(buffered, refusal.Text)
		exit, err = refusal.Exit, nil
	}
	if failure := buffered.Flush(); err == nil {
		err = failure
	}
	if err != nil {
		fmt.Fprintln(complaints, err)
		return 1
	}
	return exit
}

// voucherArguments reads options as POSIX getopt does with "c:k:p:s": letters may
// share a dash, a value may follow its letter at once, and options end at -- or
// at the first other argument, so that a code may begin with a dash after --.
func voucherArguments(args []string) (options voucherOptions, err error) {
	options.config = "voucher.cfg"
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		letters := args[0][1:]
		args = args[1:]
		if letters == "-" {
			break
		}
		for letters != "" {
			letter := letters[0]
			letters = letters[1:]
			if letter == 's' {
				options.size = true
				continue
			}
			if !strings.ContainsRune("ckp", rune(letter)) {
				return options, fmt.Errorf("voucher: illegal option -- %c", letter)
			}
			value := letters
			letters = ""
			if value == "" {
				if len(args) == 0 {
					return options, fmt.Errorf("voucher: option requires an argument -- %c", letter)
				}
				value, args = args[0], args[1:]
			}
			options.set(letter, value)
		}
	}
	options.rest = args
	return options, nil
}

func (o *voucherOptions) set(letter byte, value string) {
	if letter == 'c' {
		o.config = value
		return
	}
	o.key, o.private = value, letter == 'p'
}

// complete reports whether everything is there that the question needs.
func (o voucherOptions) complete() bool {
	switch {
	case o.key == "":
		return false
	case o.size:
		return true
	case o.private:
		return len(o.rest) == 2
	}
	return len(o.rest) > 0
}

func (o voucherOptions) run(out io.Writer) error {
	if o.size {
		key, err := o.readKey()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, key.Size())
		return err
	}
	program, err := o.program()
	switch {
	case err != nil:
		return err
	case o.private:
		return program.Print(out, o.rest[0], o.rest[1])
	}
	for _, code := range o.rest {
		line, err := program.Verify(code)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

// program reads the configuration, then the key.
func (o voucherOptions) program() (*roll.Original, error) {
	text, err := readBounded(o.config)
	if err != nil {
		return nil, fmt.Errorf("can't read config file '%s'", o.config)
	}
	format, err := roll.ReadOriginalFormat(string(text), o.config)
	if err != nil {
		return nil, err
	}
	key, err := o.readKey()
	if err != nil {
		return nil, err
	}
	return roll.NewOriginal(key, format)
}

func (o voucherOptions) readKey() (roll.OriginalKey, error) {
	text, err := readBounded(o.key)
	if err != nil {
		return roll.OriginalKey{}, fmt.Errorf("can't read key file '%s'", o.key)
	}
	return roll.ReadOriginalKey(text, o.private)
}

// readBounded reads the beginning of a file that should be small.
func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	return io.ReadAll(io.LimitReader(file, maxVoucherFile))
}
