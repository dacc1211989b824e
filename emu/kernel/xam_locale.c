// xam.xex: languages, countries and locales by the console's numbers; the codes are those of ISO 639 and ISO 3166.
#include <stdio.h>
#include <string.h>

#include "emu/kernel/xam.h"

// Two letters each, "--" where a number is not given out. Locales are the countries that the console was sold in;
// online countries are more than the others, which end with 110 and an unknown one.
static const char online_countries[] =
    "ZZAEALAMARATAUAZBEBGBHBNBOBRBYBZCA--CHCLCNCOCRCZDEDKDODZECEEEGESFIFOFRGBGEGRGTHKHNHRHUIDIEILINIQIRIS"
    "ITJMJOJPKEKGKRKWKZLBLILTLULVLYMAMCMKMNMOMVMXMYNINLNONZOMPAPEPHPKPLPRPTPYQARORUSASESGSISK--SVSYTHTNTR"
    "TTTWUAUSUYUZVEVNYEZAZWAF--ADAOAI--AGAWBSBDBBBJBMBTBABWBFBIKHCMCVKYCFTDCXCCKMCGCDCKCICYDJDM--GQERETFK"
    "FJGFPFGAGMGHGIGLGDGP--GGGNGWGYHTJEKILALSLRMGMWMLMTMHMQMRMUYTFMMDMEMSMZMMNANRNPANNCNENGNUNF--PWPSPGPN"
    "RERWWSSMSTSNRSSCSLSBSOLKSHKNLCPMVCSRSZTJTZTLTGTKTOTMTCTVUGVUVA--VGWFEHZMZZ";
static const char locales[] =
    "ZZAUATBEBRCACLCNCOCZDKFIFRDEGRHKHUINIEITJPKRMXNLNZNOPLPTSGSKZAESSECHTWGBUSRUZZTRARSAILAE";
static const char languages[] = "zzenjadefresitkozhpt--plrusvtrnbnlzh";
static const char online_languages[] =
    "zzenjadefresitkozhptzhplrudafinbnlsvcselhuskidmsarbgethrheiskkltlvroslthtrukvipssqhybnbekmamfokaklsw"
    "kylbmkmtmnneurrwwositk";
#define COUNTRIES 111u
#define ONLINE_UNKNOWN 236u
#define LOCALE_UNKNOWN 38u

struct text {
  char s[8]; // empty: no such number
};

static struct text code(const char *table, uint32_t id) {
  struct text t = {{0}};
  id &= 0xFF;
  if (2 * id < strlen(table) && table[2 * id] != '-') memcpy(t.s, table + 2 * id, 2);
  return t;
}
static struct text country(uint32_t id) {
  struct text unknown = {"ZZ"}, none = {{0}};
  id &= 0xFF;
  return id < COUNTRIES ? code(online_countries, id) : id == COUNTRIES ? unknown : none;
}
static struct text both(struct text a, struct text b) {
  struct text t = {{0}};
  if (a.s[0] && b.s[0]) snprintf(t.s, sizeof t.s, "%.2s-%.2s", a.s, b.s);
  return t;
}
// The number by which a table has a code; 0 if it has none.
static uint32_t number_of(const char *table, const char *code) {
  for (uint32_t i = 1; code[0] && strcmp(code, "ZZ") != 0 && table[2 * i]; i++)
    if (memcmp(table + 2 * i, code, 2) == 0) return i;
  return 0;
}

static uint64_t put_code(struct wg_kcall *k, struct text t, uint32_t room, uint32_t to) {
  uint32_t n = (uint32_t)strlen(t.s);
  if (room & 0x80000000u || to == 0) return E_INVALIDARG;
  if (n == 0) return 0x80070490u;       // HRESULT of ERROR_NOT_FOUND
  if (n + 1 > room) return 0x8007007Au; // of ERROR_INSUFFICIENT_BUFFER
  for (uint32_t i = 0; i <= n; i++) wg_kw(k->m, to + 2 * i, 2, (uint8_t)t.s[i]);
  wg_json_str(wg_out(k), "text", t.s);
  wg_told(k, to);
  return 0;
}
// (number, room, text), or two numbers
WG_CALL(XamGetLanguageString, 3) { return put_code(k, code(languages, A(0)), A(1), A(2)); }
WG_CALL(XamGetOnlineLanguageString, 3) { return put_code(k, code(online_languages, A(0)), A(1), A(2)); }
WG_CALL(XamGetLocaleString, 3) { return put_code(k, code(locales, A(0)), A(1), A(2)); }
WG_CALL(XamGetCountryString, 3) { return put_code(k, country(A(0)), A(1), A(2)); }
WG_CALL(XamGetOnlineCountryString, 3) { return put_code(k, code(online_countries, A(0)), A(1), A(2)); }
WG_CALL(XamGetLanguageLocaleString, 4) {
  return put_code(k, both(code(languages, A(0)), code(locales, A(1))), A(2), A(3));
}
WG_CALL(XamGetOnlineLanguageAndCountryString, 4) {
  return put_code(k, both(code(online_languages, A(0)), code(online_countries, A(1))), A(2), A(3));
}

WG_CALL(XamGetOnlineCountryFromLocale, 1) {
  uint32_t id = A(0) & 0xFF;
  if (id == LOCALE_UNKNOWN) return ONLINE_UNKNOWN;
  return id == 0 ? 2 : number_of(online_countries, code(locales, id).s); // the reference's table begins with Albania
}
WG_CALL(XamGetLocaleFromOnlineCountry, 1) {
  uint32_t id = A(0) & 0xFF;
  return id == ONLINE_UNKNOWN ? LOCALE_UNKNOWN : number_of(locales, code(online_countries, id).s);
}
WG_CALL(XamGetCountryFromOnlineCountry, 1) {
  uint32_t id = A(0) & 0xFF;
  return id == ONLINE_UNKNOWN ? COUNTRIES : id < COUNTRIES && code(online_countries, id).s[0] ? id : 0;
}
// Languages that the console does not speak are English to it; 10 is Chinese in the other script.
WG_CALL(XamGetLanguageFromOnlineLanguage, 1) {
  uint32_t id = A(0) & 0xFF;
  struct text t = code(online_languages, id);
  uint32_t same = number_of(languages, t.s);
  return t.s[0] == 0 || id == 0 ? 0 : id == 10 ? 17 : same ? same : 1;
}
