#pragma once
/* Asked for by bcc; nothing in it is used here. */
