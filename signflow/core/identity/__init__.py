"""Who a signer is and how surely that is known: codes, tokens, masking, levels of identification."""

from signflow.core.identity.levels import Identification, Level, level_named, level_of_acr, statement
from signflow.core.identity.masking import mask_mail, mask_phone
from signflow.core.identity.otp import (
	CODE_LIFETIME_SECONDS,
	MAX_TRIES,
	check_code,
	hash_code,
	make_code,
	typed_code,
)
from signflow.core.identity.tokens import (
	NewToken,
	Token,
	matches,
	new_session,
	new_token,
	parse,
	parse_session,
)

__all__ = [
	"CODE_LIFETIME_SECONDS",
	"MAX_TRIES",
	"Identification",
	"Level",
	"NewToken",
	"Token",
	"check_code",
	"hash_code",
	"level_named",
	"level_of_acr",
	"make_code",
	"mask_mail",
	"mask_phone",
	"matches",
	"new_session",
	"new_token",
	"parse",
	"parse_session",
	"statement",
	"typed_code",
]
