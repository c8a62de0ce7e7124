package page

import (
	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/storage"
)

// DevicePath is where the codes of devices are typed (RFC 8628 section 3.3), below the issuer.
const DevicePath = "/device"

// DeviceField is the field of a frozen request that stands for a device: the flow goes on at [DevicePath]. No client can send it, because
// authorization requests are frozen without it.
const DeviceField = "device"

// ToFlow sends the browser to the page at url that goes on with a flow.
func ToFlow(c *gin.Context, url, flowID string) error {
	return SeeOther(c, url+"?flow="+flowID)
}

// QuestionURL returns the URL of a page that asks the person who is signed in whether a client may have access. It ties the answer to this sign-in
// and this question.
func QuestionURL(store *storage.Store, url string, flow storage.Flow, asked storage.Access, s storage.SignIn) string {
	return url + "?flow=" + flow.ID + "&shown=" + asked.FormKey(store, s, flow)
}
