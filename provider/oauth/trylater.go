package oauth

import (
	"errors"
	"math"
	"strconv"
	"time"
)

// waitError is the cause of a refusal of something that will be allowed later.
type waitError time.Duration

func (e waitError) Error() string { return "allowed again in " + time.Duration(e).String() }

// TryLater returns the refusal of something that came too often, with the time until it is allowed again (RFC 6585 section 4).
func TryLater(code, description string, wait time.Duration) *Refusal {
	refusal := Refuse(TooMany).Saying(description).Because(waitError(wait))
	refusal.Code = code
	return refusal
}

// IsTryLater reports whether an error is that of [TryLater].
func IsTryLater(err error) bool { return errors.As(err, new(waitError)) }

// RetryAfter returns the value of the header Retry-After for the error of [TryLater]: whole seconds, at least one.
func RetryAfter(err error) string {
	wait := waitError(time.Minute)
	errors.As(err, &wait)
	return strconv.Itoa(int(max(1, math.Ceil(time.Duration(wait).Seconds()))))
}
