package visit

import "strings"

// Normalize trims what is said of a person and checks it as a registration is
// checked. It returns KindInvalid errors that name the field.
func (v Visitor) Normalize() (Visitor, error) {
	v, err := v.NormalizeGuest()
	if v.FirstName == "" && v.LastName == "" {
		return v, Invalid("visitor.last_name", "A visitor needs a name.")
	}
	return v, err
}

// NormalizeGuest is Normalize for a guest of a portal, who need not say a name.
func (v Visitor) NormalizeGuest() (Visitor, error) {
	for _, s := range []*string{&v.FirstName, &v.LastName, &v.Email, &v.Phone, &v.Company} {
		*s = strings.TrimSpace(*s)
	}
	return v, Registration{Visitor: v}.checkTexts()
}
