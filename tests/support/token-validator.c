/*
 * A validator for PostgreSQL 18's method "oauth": the token "good-<role>" opens that role, and any JWT opens the role
 * "everybody", as whom it says itself (system_user then shows the token to the test). The packaged server has no headers, so what a module must say of itself is written out as its documentation has it
 * (https://www.postgresql.org/docs/18/oauth-validators.html, and fmgr.h for the magic block).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
  int version, max_arguments, max_keys, name_length, float8_by_value;
  char product[32];
} abi_values;
typedef struct {
  int length;
  abi_values abi;
  const char *name, *module_version;
} magic_block;

const magic_block *Pg_magic_func(void) {
  static const magic_block magic = {sizeof(magic_block), {1800, 100, 32, 64, 1, "PostgreSQL"}, NULL, NULL};
  return &magic;
}

typedef struct {
  bool authorized;
  char *identity;
} validation;
typedef struct {
  uint32_t magic;
  void (*startup)(void *);
  void (*shutdown)(void *);
  bool (*validate)(const void *, const char *token, const char *role, validation *);
} callbacks;

extern char *pstrdup(const char *text);

static bool validate(const void *state, const char *token, const char *role, validation *result) {
  (void)state;
  bool for_everybody = strcmp(role, "everybody") == 0 && strncmp(token, "eyJ", 3) == 0;
  bool good = strncmp(token, "good-", 5) == 0 && strncmp(token + 5, role, strlen(role)) == 0;
  result->authorized = for_everybody || good;
  result->identity = pstrdup(for_everybody ? token : role);
  return true;
}

const callbacks *_PG_oauth_validator_module_init(void) {
  static const callbacks all = {0x20250220, NULL, NULL, validate};
  return &all;
}
