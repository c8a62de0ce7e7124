package client

// SelfMembers and OperatorMembers are exported for a test that every member is in one of them.
var (
	SelfMembers     = selfMembers
	OperatorMembers = operatorMembers
)
