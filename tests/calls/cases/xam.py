"""XAM: users, profiles, dialogs, notifications, content, enumerators, languages, messages, network."""
from .form import *

CASES = []
XAM = "xenia-canary kernel/xam/"
WINSOCK = "Winsock documentation; docs: a console whose cable is not plugged in: "
H = "00000000"
NO_SUCH_USER, E_NO_SUCH_USER, E_INVALIDARG = 1317, 0x80070525, 0x80070057
NOT_CONNECTED, PENDING_ERROR = 1167, 997


def c(name, source, *steps, **rest):
    case(CASES, name, source, *steps, **rest)


# --- languages and countries (ids are the console's) ---------------------------------------------------------------------
LOCALE = XAM + "xam_locale.cc: the tables; codes of ISO 639 and ISO 3166"
for name, pairs in (("XamGetLanguageString", ((1, "en"), (2, "ja"), (8, "zh"), (17, "zh"), (0, "zz"))), ("XamGetOnlineLanguageString", ((1, "en"), (10, "zh"), (13, "da"), (60, "tk"))), ("XamGetLocaleString", ((36, "US"), (20, "JP"), (43, "AE"), (0, "ZZ"))),
                    ("XamGetCountryString", ((103, "US"), (53, "JP"), (1, "AE"), (111, "ZZ"))), ("XamGetOnlineCountryString", ((103, "US"), (35, "GB"), (113, "AD"), (236, "ZZ")))):
    for number, text in pairs:
        c(f"{name} {number}", LOCALE, call(name, number, 8, "&t", is_=0), mem={"t": "ff" * 12}, after={"t": f"u'{text}' 0000 ff"})
    c(f"{name} refuses", LOCALE + "; HRESULTs of ERROR_INSUFFICIENT_BUFFER and ERROR_NOT_FOUND, E_INVALIDARG", call(name, 1, 2, "&t", is_=0x8007007A), call(name, 250, 8, "&t", is_=0x80070490), call(name, 1, "0x80000000", "&t", is_=E_INVALIDARG), mem={"t": "zero:16"})
c("XamGetLanguageLocaleString", LOCALE, call("XamGetLanguageLocaleString", 1, 36, 8, "&t", is_=0), call("XamGetLanguageLocaleString", 99, 36, 8, "&u", is_=0x80070490), call("XamGetLanguageLocaleString", 1, 36, 5, "&u", is_=0x8007007A), mem={"t": "zero:16", "u": "zero:16"}, after={"t": "u'en-US' 0000", "u": "zero:16"})
c("XamGetOnlineLanguageAndCountryString", LOCALE, call("XamGetOnlineLanguageAndCountryString", 4, 16, 8, "&t", is_=0), mem={"t": "zero:16"}, after={"t": "u'fr-CA' 0000"})
c("XamGetOnlineCountryFromLocale", LOCALE, *[call("XamGetOnlineCountryFromLocale", a, is_=b) for a, b in ((36, 103), (20, 53), (35, 35), (38, 236), (43, 1), (44, 0), (1, 6))])
c("XamGetLocaleFromOnlineCountry", LOCALE, *[call("XamGetLocaleFromOnlineCountry", a, is_=b) for a, b in ((103, 36), (53, 20), (35, 35), (236, 38), (1, 43), (2, 0), (6, 1))])
c("XamGetCountryFromOnlineCountry", LOCALE, *[call("XamGetCountryFromOnlineCountry", a, is_=b) for a, b in ((103, 103), (110, 110), (112, 0), (236, 111), (17, 0), (94, 0))])
c("XamGetLanguageFromOnlineLanguage", LOCALE, *[call("XamGetLanguageFromOnlineLanguage", a, is_=b) for a, b in ((1, 1), (9, 9), (10, 17), (11, 11), (13, 1), (15, 15), (16, 16), (17, 13), (36, 14), (60, 1), (61, 0), (0, 0))])
c("XamGetLocale", LOCALE + "; the United States, as the country of the configuration", call("XamGetLocale", is_=36), call("XamGetLocaleEx", 111, 43, is_=36))
c("XamFormatTimeString", "the United States' way", call("XamFormatTimeString", 0, hex(0x01C5EED800000000), "&t", 32), call("XamFormatDateString", 0, hex(((1132617600 + 11644473600) * 10000000)), "&d", 32), mem={"t": "zero:64", "d": "zero:64"}, after={"d": "u'11/22/2005' 0000"})

# --- users ---------------------------------------------------------------------------------------------------------------------
USER = XAM + "xam_user.cc: "
c("XamUserGetSigninState", USER + "0 nobody, 1 locally; user 0 is signed in without a script", call("XamUserGetSigninState", 0, is_=1), call("XamUserGetSigninState", 1, is_=0), call("XamUserGetSigninState", 4, is_=0))
c("XamUserGetSigninState of a script", USER + "2: to LIVE", call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), call("XamUserGetSigninState", 0, is_=0), call("XamUserGetSigninState", 1, is_=2), mem={"ms1": ms(1)}, inputs=[{"at_ns": 0, "user": 0, "signed_in": "no"}, {"at_ns": 0, "user": 1, "signed_in": "live", "name": "Tester"}])
c("XamUserGetXUID", USER + "an offline XUID begins with E; nobody is E_NO_SUCH_USER", call("XamUserGetXUID", 0, 1, "&x", is_=0), call("XamUserGetXUID", 2, 1, "&y", is_=E_NO_SUCH_USER), call("XamUserGetXUID", 0, 1, 0, is_=E_INVALIDARG), mem={"x": "zero:8", "y": "ff" * 8}, after={"x": "e0", "y": "zero:8"})
c("XamUserGetIndexFromXUID", USER + "E_NO_SUCH_USER", call("XamUserGetIndexFromXUID", "0xe000000000000001", 0, "&i", is_=0), call("XamUserGetIndexFromXUID", "0xe000000000000099", 0, "&i", is_=E_NO_SUCH_USER), call("XamUserGetIndexFromXUID", "0xe000000000000001", 0, 0, is_=E_INVALIDARG), mem={"i": "ffffffff"}, after={"i": H})
c("XamUserGetName", USER + "ERROR_NO_SUCH_USER, ERROR_INVALID_PARAMETER of a user that cannot be", call("XamUserGetName", 0, "&n", 16, is_=0), call("XamUserGetName", 0, "&m", 4, is_=0), call("XamUserGetName", 1, "&o", 16, is_=NO_SUCH_USER), call("XamUserGetName", 4, "&o", 16, is_=87), mem={"n": "ff" * 16, "m": "ff" * 8, "o": "ff" * 16}, after={"n": "'Player' 00", "m": "'Pla' 00 ff", "o": "00"})
c("XamUserGetGamerTag", USER + "16 characters of room at least", call("XamUserGetGamerTag", 0, "&n", 32, is_=0), call("XamUserGetGamerTag", 0, "&n", 15, is_=E_INVALIDARG), call("XamUserGetGamerTag", 1, "&n", 32, is_=NO_SUCH_USER), call("XamUserGetGamerTag", 4, "&n", 32, is_=E_INVALIDARG), mem={"n": "ff" * 64}, after={"n": "u'Player' 0000"})
c("XamUserGetSigninInfo", USER + "X_USER_SIGNIN_INFO: xuid, state at C, name at 18", call("XamUserGetSigninInfo", 0, 0, "&i", is_=0), call("XamUserGetSigninInfo", 1, 0, "&j", is_=E_NO_SUCH_USER), call("XamUserGetSigninInfo", 0, 0, 0, is_=E_INVALIDARG), mem={"i": "ff" * 40, "j": "ff" * 40}, after={"i": "e0", "i+12": "00000001", "i+24": "'Player' zero:10", "j": "zero:40"})
c("XamUserCheckPrivilege", USER + "an offline user has none", call("XamUserCheckPrivilege", 0, 254, "&v", is_=0), call("XamUserAreUsersFriends", 0, 0, 0, "&w", 0, is_=0), call("XamUserIsUnsafeProgrammingAllowed", 0, 0, "&u", is_=0), mem={"v": "ffffffff", "w": "ffffffff", "u": "ffffffff"}, after={"v": H, "w": H, "u": "00000001"})
c("XamUserContentRestriction", USER + "nothing is restricted", call("XamUserContentRestrictionGetFlags", 0, "&f", is_=0), call("XamUserContentRestrictionGetRating", 0, 0, "&r", "&s", is_=0), call("XamUserContentRestrictionCheckAccess", 0, 0, 0, 0, 0, "&a", 0, is_=0), mem={"f": "ffffffff", "r": "ffffffff", "s": "ffffffff", "a": H}, after={"f": H, "a": "00000001"})
SETTING = "10040002"  # XPROFILE_GAMER_YAXIS_INVERSION, a 32-bit number
READ = USER + "X_USER_READ_PROFILE_SETTINGS and 28 bytes a setting; first the size is asked for"
for name, args in (("XamUserReadProfileSettings", ("&size", "&b", 0)), ("XamUserReadProfileSettingsEx", ("&size", 0, "&b", 0))):
    c(name, READ, call(name, 0, 0, 0, 0, 1, "&ids", *[a if a != "&b" else 0 for a in args], is_=122), load("&size", is_=0x30), call(name, 0, 0, 0, 0, 1, "&ids", *args, is_=0), call(name, 0, 1, 0, 0, 1, "&ids", *args, is_=NO_SUCH_USER), call(name, 0, 0, 0, 0, 0, "&ids", *args, is_=87), mem={"ids": SETTING, "size": H, "b": "ff" * 64},
      after={"b": "00000001 &b+8", "b+24": SETTING, "b+32": "01"})
c("XamUserWriteProfileSettings", USER + "what is written is read again, with source 2 (title)", call("XamUserWriteProfileSettings", 0, 0, 1, "&s", 0, is_=0), call("XamUserReadProfileSettings", 0, 0, 0, 0, 1, "&ids", "&size", "&b", 0, is_=0), mem={"ids": SETTING, "size": "00000040", "b": "ff" * 64, "s": f"zero:16 {SETTING} zero:4 01 zero:7 00000007 zero:4"},
  after={"b+8": "00000002", "b+24": SETTING, "b+40": "00000007"})

# --- overlapped requests, notifications, dialogs -----------------------------------------------------------------------------------
OVERLAPPED = "zero:28"
c("XamGetOverlappedResult", XAM + "xam_info.cc: the result, and the length at the pointer", call("XamGetOverlappedResult", "&o", "&n", 0, is_=5), mem={"o": "00000005 00000007 zero:20", "n": H}, after={"n": "00000007"})
c("XamGetOverlappedResult waits", XAM + "xam_msg.cc: waits for the event of what is pending, then its result and length", call("NtCreateEvent", "&o+12", 0, 1, 0, is_=0), thread("t", "a"),
  call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), call("XMsgCompleteIORequest", "&o", 5, 0x80070005, 9, is_=0), join("t"), mem={"o": "000003e5 00000007 zero:20", "t": H, "n": H, "ms1": ms(1)},
  threads={"a": [call("XamGetOverlappedResult", "&o", "&n", 0, is_=5)]}, after={"n": "00000009"})
c("XamGetOverlappedResult behind the event alone", XAM + "xam_msg.cc: whoever set the event, the result is what it is", call("NtCreateEvent", "&o+12", 0, 0, 1, is_=0),
  call("XamGetOverlappedResult", "&o", "&n", 1, is_=997), mem={"o": "000003e5 00000007 zero:20", "n": H}, after={"n": "00000007"})
c("XamGetOverlappedResult without a place", XAM + "xam_msg.cc: a length that nobody wants; of what failed none", call("XamGetOverlappedResult", "&o", 0, 0, is_=5), call("XamGetOverlappedResult", "&p", "&n", 0, is_=0x80070005),
  mem={"o": "00000005 00000007 zero:20", "p": "80070005 00000007 zero:20", "n": H}, after={"n": H})
c("XMsgCompleteIORequest", XAM + "xam_msg.cc: result, extended error, length; the event is set", call("NtCreateEvent", "&o+12", 0, 0, 0, is_=0), call("XMsgCompleteIORequest", "&o", 5, 6, 7, is_=0), call("NtWaitForSingleObjectEx", "*o[12]", 1, 0, "&now", is_=0), mem={"o": OVERLAPPED, "now": "zero:8"}, after={"o": "00000005 00000007", "o+24": "00000006"})
c("XMsgStartIORequest", XAM + "xam_msg.cc: to an application that there is none of: an error, or pending and an error then", call("XMsgStartIORequest", "0xff", 1, 0, "&b", 4, not_=0), call("XMsgStartIORequest", "0xff", 1, "&o", "&b", 4, is_=PENDING_ERROR), load("&o", not_=0), call("XMsgStartIORequestEx", "0xff", 1, "&o", "&b", 4, 0, is_=PENDING_ERROR), mem={"o": OVERLAPPED, "b": H})
NOTIFY = XAM + "xam_notify.cc, xnotifylistener.cc: "
c("XamNotifyCreateListener", NOTIFY + "areas are bits of the mask; what there is is told at once (XN_SYS_SIGNINCHANGED, 0A); then nothing", call("XamNotifyCreateListener", 1, 0, not_=0, keep="&l"), call("XNotifyGetNext", "*l", "0x0a", "&id", "&p", is_=1), load("&id", is_=10), call("XNotifyGetNext", "*l", "0x0a", "&id", "&p", is_=0), load("&id", is_=0),
  call("XNotifyGetNext", "*l", 0, 0, "&p", is_=0), call("XNotifyGetNext", "0xf8000ffc", 0, "&id", "&p", is_=0), mem={"l": H, "id": "ffffffff", "p": "ffffffff"})
c("XamNotifyCreateListenerInternal", NOTIFY + "no area, no notification; one of the script wakes the listener", call("XamNotifyCreateListenerInternal", 2, 0, 0, not_=0, keep="&l"), call("XNotifyGetNext", "*l", 0, "&id", "&p"), call("XNotifyGetNext", "*l", "0x02000003", "&id", "&p", is_=0), call("KeDelayExecutionThread", 1, 0, "&ms5", is_=0),
  call("NtWaitForSingleObjectEx", "*l", 1, 0, 0, is_=0), call("XNotifyGetNext", "*l", "0x02000003", "&id", "&p", is_=1), load("&p", is_=9), mem={"l": H, "id": H, "p": H, "ms5": ms(5)}, inputs=[{"at_ns": 2000000, "notify": "0x2000003", "parameter": "0x9"}])
UI = XAM + "xam_ui.cc: "
c("XamShowMessageBoxUI", UI + "pending, then the button; without a script the one in focus", call("XamIsUIActive", is_=0), call("XamShowMessageBoxUI", 0, "&t", "&t", 2, "&list", 1, 0, "&r", "&o", is_=PENDING_ERROR), load("&o", is_=PENDING_ERROR), call("XamIsUIActive", is_=1), call("KeDelayExecutionThread", 1, 0, "&ms200", is_=0), load("&o", is_=0), call("XamIsUIActive", is_=0),
  mem={"t": "u'Title' 0000", "list": "&t &t", "r": "ffffffff", "o": OVERLAPPED, "ms200": ms(200)}, after={"r": "00000001"})
c("XamShowMessageBoxUIEx of a script", UI + "the script's button", call("XamShowMessageBoxUIEx", 0, "&t", "&t", 2, "&list", 1, 0, 0, "&r", "&o", is_=PENDING_ERROR), call("KeDelayExecutionThread", 1, 0, "&ms200", is_=0), load("&o", is_=0), mem={"t": "u'Title' 0000", "list": "&t &t", "r": "ffffffff", "o": OVERLAPPED, "ms200": ms(200)}, after={"r": H},
  inputs=[{"at_ns": 0, "answer": "message_box", "button": 0}])
c("XamShowMessageBoxUI cancelled", UI + "ERROR_CANCELLED (1223)", call("XamShowMessageBoxUI", 0, "&t", "&t", 2, "&list", 1, 0, "&r", "&o", is_=PENDING_ERROR), call("KeDelayExecutionThread", 1, 0, "&ms200", is_=0), load("&o", is_=1223), mem={"t": "u'Title' 0000", "list": "&t &t", "r": "ffffffff", "o": OVERLAPPED, "ms200": ms(200)}, inputs=[{"at_ns": 0, "answer": "message_box", "cancelled": True}])
c("XamShowKeyboardUI", UI + "the text; without a script the default", call("XamShowKeyboardUI", 0, 0, "&default", "&t", "&t", "&b", 4, "&o", is_=PENDING_ERROR), call("KeDelayExecutionThread", 1, 0, "&ms200", is_=0), load("&o", is_=0), mem={"t": "u'Title' 0000", "default": "u'abcdef' 0000", "b": "ff" * 16, "o": OVERLAPPED, "ms200": ms(200)}, after={"b": "u'abc' 0000 ff"})
c("XamShowKeyboardUI of a script", UI + "the script's text", call("XamShowKeyboardUI", 0, 0, "&default", "&t", "&t", "&b", 8, "&o", is_=PENDING_ERROR), call("KeDelayExecutionThread", 1, 0, "&ms200", is_=0), mem={"t": "u'Title' 0000", "default": "u'abc' 0000", "b": "ff" * 16, "o": OVERLAPPED, "ms200": ms(200)}, after={"b": "u'Hello' 0000 ff"}, inputs=[{"at_ns": 0, "answer": "keyboard", "text": "Hello"}])
c("XamShowDeviceSelectorUI", UI + "device 1, the hard disk", call("XamShowDeviceSelectorUI", 0, 1, 0, 0, "&d", "&o", is_=PENDING_ERROR), call("KeDelayExecutionThread", 1, 0, "&ms200", is_=0), load("&o", is_=0), mem={"d": H, "o": OVERLAPPED, "ms200": ms(200)}, after={"d": "00000001"})
c("XamShowMarketplaceDownloadItemsUI", UI + "pending, then done", call("XamShowMarketplaceDownloadItemsUI", 0, 0, "&x", 1, "&r", "&o", is_=PENDING_ERROR), load("&o", is_=PENDING_ERROR), call("KeDelayExecutionThread", 1, 0, "&ms200", is_=0), load("&o", is_=0), mem={"x": "zero:8", "r": H, "o": OVERLAPPED, "ms200": ms(200)})
for name, args in (("XamShowSigninUI", [1, 0]), ("XamShowSigninUIp", [0, 4, 0]), ("XamShowFriendsUI", 1), ("XamShowMessagesUI", 1), ("XamShowQuickChatUI", 2), ("XamShowVoiceMailUI", 2), ("XamShowAchievementsUI", 2), ("XamShowPlayerReviewUI", 2), ("XamShowMarketplaceUI", 4), ("XamShowPlayersUI", 1), ("XamShowMessageComposeUI", 4),
                   ("XamShowGameInviteUI", 4), ("XamShowFriendRequestUI", 2), ("XamShowGamerCardUIForXUID", 2), ("XamShowPartyUI", 2), ("XamShowCommunitySessionsUI", 2), ("XamShowNuiTroubleshooterUI", 3)):
    c(name, UI + "shown, and closed a moment later; XN_SYS_UI (9) with 1, then 0", call("XamNotifyCreateListener", 1, 0, not_=0, keep="&l"), call(name, *(args if isinstance(args, list) else [0] * args), is_=0), call("XamIsUIActive", is_=1), call("XNotifyGetNext", "*l", 9, "&id", "&p", is_=1), load("&p", is_=1), call("KeDelayExecutionThread", 1, 0, "&ms200", is_=0), call("XamIsUIActive", is_=0),
      call("XNotifyGetNext", "*l", 9, "&id", "&p", is_=1), load("&p", is_=0), mem={"l": H, "ms200": ms(200), "id": H, "p": H})
c("XamShowDirtyDiscErrorUI", UI + "the title ends", call("XamShowDirtyDiscErrorUI", 0, never=True))

# --- content and enumerators -------------------------------------------------------------------------------------------------------
CONTENT = XAM + "xam_content.cc: "
DATA = {"data": "00000001 00000001 " + "u'My save' zero:242 'SAVE0001' zero:34", "disposition": "ffffffff", "license": "ffffffff", "root": "'save' 00"}


def create(mode, overlapped=0, name="XamContentCreate", **rest):
    if name == "XamContentCreate":
        return call(name, 0, "&root", "&data", mode, "&disposition", "&license", overlapped, **rest)
    if name == "XamContentCreateEx":
        return call(name, 0, "&root", "&data", mode, "&disposition", "&license", 0, 0, overlapped, **rest)
    return call(name, "&root", "&data", mode, "&disposition", "&license", 0, 0, overlapped, **rest)


for name in ("XamContentCreate", "XamContentCreateEx", "XamContentCreateInternal"):
    c(name, CONTENT + "modes: 1 new, 2 always, 3 open, 4 open always, 5 truncate; dispositions: 1 created, 2 opened", create(3, name=name, is_=3), create(1, name=name, is_=0), load("&disposition", is_=1), create(1, name=name, is_=183), create(3, name=name, is_=0), load("&disposition", is_=2), create(4, name=name, is_=0), load("&disposition", is_=2),
      create(5, name=name, is_=0), create(2, name=name, is_=0), mem=DATA)
c("XamContentCreate opens a root", CONTENT + "the root name is a link to what the package holds; XamContentClose takes it away", create(1, is_=0), call("NtCreateFile", "&h", "0xC0100080", "&a", "&io", 0, 0x80, 0, 2, 0x20, is_=0), call("NtWriteFile", "*h", 0, 0, 0, "&io", "&data", 8, 0, is_=0), call("NtClose", "*h", is_=0), call("XamContentFlush", "&root", 0, is_=0),
  call("XamContentClose", "&root", 0, is_=0), call("NtQueryFullAttributesFile", "&a", "&info", not_=0), create(3, is_=0), call("NtQueryFullAttributesFile", "&a", "&info", is_=0), mem={**DATA, "h": H, "io": "zero:8", "info": "zero:56", **attributes("a", "save:\\state.bin")}, after={"info+40": h64(8)})
c("XamContentCreate overlapped", CONTENT + "pending; the overlapped has the result, its length the disposition", create(1, "&o", is_=PENDING_ERROR), load("&o", is_=0), load("&o+4", is_=1), create(3, "&p", is_=PENDING_ERROR), load("&p+4", is_=2), mem={**DATA, "o": OVERLAPPED, "p": OVERLAPPED})
for name, args in (("XamContentDelete", [0, "&data", 0]), ("XamContentDeleteInternal", ["&data", 0])):
    c(name, CONTENT + "gone, or not there", call(name, *args, not_=0), create(1, is_=0), call(name, *args, is_=0), create(3, is_=3), mem=DATA)
c("XamContentGetCreator", CONTENT + "who made it", create(1, is_=0), call("XamContentGetCreator", 0, "&data", "&c", "&x", 0, is_=0), mem={**DATA, "c": H, "x": "zero:8"}, after={"c": "00000001", "x": "e0"})
c("XamContentSetThumbnail", CONTENT + "a package without a thumbnail has none", create(1, is_=0), call("XamContentGetThumbnail", 0, "&data", "&b", "&n", 0, not_=0), call("XamContentSetThumbnail", 0, "&data", "&b", 4, 0, is_=0), mem={**DATA, "b": "zero:16", "n": "00000010"})
c("XamContentGetLicenseMask", CONTENT + "none", call("XamContentGetLicenseMask", "&m", 0, is_=0), mem={"m": "ffffffff"}, after={"m": H})
c("XamContentGetDeviceData", XAM + "xam_content_device.cc: id, type 1, total and free bytes, name", call("XamContentGetDeviceData", 1, "&d", is_=0), call("XamContentGetDeviceData", 9, "&e", is_=NOT_CONNECTED), call("XamContentGetDeviceState", 1, 0, is_=0), call("XamContentGetDeviceState", 9, 0, is_=NOT_CONNECTED), mem={"d": "ff" * 80, "e": "zero:80"}, after={"d": "00000001 00000001 00000005 00000000 00000002 80000000 u'Hard Drive' 0000"})
c("XamContentGetDeviceName", XAM + "xam_content_device.cc", call("XamContentGetDeviceName", 1, "&n", 27, is_=0), call("XamContentGetDeviceName", 1, "&n", 3, is_=122), call("XamContentGetDeviceName", 9, "&n", 27, is_=NOT_CONNECTED), mem={"n": "zero:64"}, after={"n": "u'Hard Drive' 0000"})
ENUM = XAM + "xam_enum.cc, xenumerator.cc: "
c("XamContentCreateEnumerator", ENUM + "308 bytes each; then ERROR_NO_MORE_FILES (18)", create(1, is_=0), call("XamContentCreateEnumerator", 0, 1, 1, 0, 4, "&size", "&h", is_=0), load("&size", is_=0x4D0), call("XamEnumerate", "*h", 0, "&b", "0x4d0", "&n", 0, is_=0), load("&n", is_=1), call("XamEnumerate", "*h", 0, "&b", "0x4d0", "&n", 0, is_=18),
  call("XamContentCreateEnumerator", 0, 1, 2, 0, 4, "&size", "&g", is_=0), call("XamEnumerate", "*g", 0, "&b2", "0x4d0", "&n", 0, is_=18), mem={**DATA, "size": H, "h": H, "g": H, "n": H, "b": "zero:1232", "b2": "zero:308"}, after={"b": "00000001 00000001 u'My save'", "b+264": "'SAVE0001' 00"})
c("XamContentCreateDeviceEnumerator", ENUM + "80 bytes each", call("XamContentCreateDeviceEnumerator", 0, 0, 1, "&size", "&h", is_=0), load("&size", is_=0x50), call("XamEnumerate", "*h", 0, "&b", "0x10", "&n", 0, is_=122), call("XamEnumerate", "*h", 0, "&b", "0x50", "&n", 0, is_=0), call("XamEnumerate", "*h", 0, "&b", "0x50", "&n", 0, is_=18), mem={"size": H, "h": H, "n": H, "b": "zero:80"}, after={"b": "00000001 00000001"})
c("XamContentAggregateCreateEnumerator", XAM + "xam_content_aggregate.cc: 328 bytes each, with the title", create(1, is_=0), call("XamContentAggregateCreateEnumerator", 0, 1, 1, 0, "&h", is_=0), call("XamEnumerate", "*h", 0, "&b", "0x148", "&n", 0, is_=0), mem={**DATA, "h": H, "n": H, "b": "zero:328"}, after={"b": "00000001 00000001 u'My save'"})
c("XamEnumerate overlapped", ENUM + "pending; the length is the count", call("XamContentCreateDeviceEnumerator", 0, 0, 1, "&size", "&h", is_=0), call("XamEnumerate", "*h", 0, "&b", "0x50", 0, "&o", is_=PENDING_ERROR), load("&o", is_=0), load("&o+4", is_=1), mem={"size": H, "h": H, "b": "zero:80", "o": OVERLAPPED})
c("XamEnumerate of no enumerator", ENUM + "ERROR_INVALID_HANDLE (6)", call("XamEnumerate", "0xf8000ffc", 0, "&b", 80, "&n", 0, is_=6), mem={"b": "zero:80", "n": H})
for name, args in (("XamUserCreateAchievementEnumerator", [0, 0, 0, 0, 0, 4, "&size", "&h"]), ("XamUserCreateTitlesPlayedEnumerator", [0, 0, 0, 0, 4, "&size", "&h"]), ("XamUserCreateStatsEnumerator", [0, 0, 0, 4, 0, 0, "&size", "&h"]), ("XamProfileCreateEnumerator", [0, "&h"]), ("XamCreateEnumeratorHandle", [0, 0, 0, 0, 0, 0, 0, "&h"])):
    c(name, ENUM + "offline there is nothing to list", call(name, *args, is_=0), load("&h", not_=0), call("XamEnumerate", "*h", 0, "&b", 64, "&n", 0, is_=18), mem={"size": H, "h": H, "b": "zero:64", "n": H})
c("XamProfileEnumerate", ENUM + "no more", call("XamProfileCreateEnumerator", 0, "&h", is_=0), call("XamProfileEnumerate", "*h", 0, "&b", 0, is_=18), mem={"h": H, "b": "zero:400"})
c("XamGetPrivateEnumStructureFromHandle", ENUM + "the structure with what its maker gave, and a reference; its private bytes follow",
  call("XamCreateEnumeratorHandle", 1, "0xfb", "0xb0001", "0xb0002", 8, 3, "0x20", "&h", is_=0), call("XamGetPrivateEnumStructureFromHandle", "*h", "&p", is_=0),
  load("*p", is_=0xFB), load("*p+4", is_=0xB0001), load("*p+8", is_=0xB0002), load("*p+12", is_=1), load("*p+16", is_=3), load("*p+20", is_=0x20), load("*p+24", is_=0),
  store("*p+28", 0x1234), call("XamGetPrivateEnumStructureFromHandle", "*h", "&q", is_=0), load("*q+28", is_=0x1234), call("NtClose", "*h", is_=0), load("*q+28", is_=0x1234),
  call("ObDereferenceObject", "*p"), call("ObDereferenceObject", "*q"), call("XamGetPrivateEnumStructureFromHandle", "*h", "&p", is_=0xC0000008),
  call("XamContentCreateDeviceEnumerator", 0, 0, 2, 0, "&h", is_=0), call("XamGetPrivateEnumStructureFromHandle", "*h", "&p", is_=0), load("*p", is_=0xFE), load("*p+4", is_=0x2000A),
  load("*p+16", is_=2), call("XamGetPrivateEnumStructureFromHandle", "*h", 0, is_=0), mem={"h": H, "p": H, "q": H})
c("XamGetPrivateEnumStructureFromHandle of another object", ENUM + "X_STATUS_INVALID_HANDLE", call("NtCreateEvent", "&h", 0, 0, 0, is_=0),
  call("XamGetPrivateEnumStructureFromHandle", "*h", "&p", is_=0xC0000008), mem={"h": H, "p": H})

# --- the rest ---------------------------------------------------------------------------------------------------------------------------
INFO = XAM + "xam_info.cc: "
c("XamTaskSchedule", XAM + "xam_task.cc: a thread runs the callback with its message", call("XamTaskSchedule", "@run", "script:task", 0, "&h", is_=0), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), load("&x", is_=1), call("XamTaskCloseHandle", "*h", is_=1), mem={"h": H, "x": H, "ms1": ms(1)}, threads={"task": [store("&x", 1)]})
c("XamGetCurrentTitleId", INFO + "the title's id, in the header's execution info (`wedge pack` writes WEDG)", call("XamGetCurrentTitleId", is_=0x57454447), call("XNetLogonGetTitleID", 0, "&t", is_=0), mem={"t": "ffffffff"}, after={"t": "57454447"})
c("XamGetExecutionId", INFO + "a pointer to the header's execution info: the title's id at C", call("XamGetExecutionId", "&p", is_=0), load("*p+12", is_=0x57454447), mem={"p": H})
c("XamLoaderGetLaunchDataSize", INFO + "ERROR_NOT_FOUND: this title was not launched by another", call("XamLoaderGetLaunchDataSize", "&n", is_=1168), mem={"n": "ffffffff"}, after={"n": H})
c("XamVoiceCreate", XAM + "xam_voice.cc: no voice", call("XamVoiceCreate", 0, 0, "&v", not_=0), mem={"v": "ffffffff"}, after={"v": H})
c("XamSessionCreateHandle", XAM + "xam_net.cc: a handle", call("XamSessionCreateHandle", "&h", is_=0), load("&h", not_=0), call("NtClose", "*h", is_=0), mem={"h": H})
for name, section in (("XamBuildXamResourceLocator", "xam"), ("XamBuildGamercardResourceLocator", "gamercrd"), ("XamBuildSharedSystemResourceLocator", "shrdres"), ("XamBuildLegacySystemResourceLocator", "shrdres")):
    c(name, INFO + "section://module,resource#file", call(name, "&n", "&t", 64, is_=0), mem={"n": "u'a.png' 0000", "t": "zero:160"}, after={"t": "u'section://'"})
c("XamBuildResourceLocator", INFO + "section://module,section#file", call("XamBuildResourceLocator", 0, "&s", "&n", "&t", 64, is_=0), mem={"s": "u'sect' 0000", "n": "u'a.png' 0000", "t": "zero:160"}, after={"t": "u'section://'"})
c("DmGetXboxName", "XDK documentation: XBDM_NOERR (02DA0000)", call("DmGetXboxName", "&n", "&size"), mem={"n": "zero:64", "size": "00000040"})
c("DmMapDevkitDrive", "XDK documentation", call("DmMapDevkitDrive"), call("DmGetSystemInfo", "&i"), mem={"i": "00000020 zero:32"})
c("XeKeysGetConsoleType", "the public list: 2, a retail console", call("XeKeysGetConsoleType", "&t", is_=0), mem={"t": H}, after={"t": "00000002"})
c("XeKeysHmacSha", XAM[:15] + "xboxkrnl_crypt.cc: SUCCESS; the console's keys are not here", call("XeKeysHmacSha", "0x19", "&a", 3, 0, 0, 0, 0, "&out", 20, is_=0), mem={"a": "'abc'", "out": "zero:24"}, after={"out+20": "zero:4"})

# --- network ---------------------------------------------------------------------------------------------------------------------------------
WOULD_BLOCK, NET_DOWN, NOT_CONN, ERROR = 10035, 10050, 10057, 0xFFFFFFFF
for name, args in (("NetDll_WSAStartup", [1, "0x0202", "&d"]), ("NetDll_WSAStartupEx", [1, "0x0202", "&d", 0])):
    c(name, WINSOCK + "the version asked for, the highest there is", call(name, *args, is_=0), mem={"d": "ff" * 400}, after={"d": "0202 0202"})
c("NetDll_socket", WINSOCK + "sockets can be made", call("NetDll_socket", 1, 2, 1, 6, between=[1, "0x7fffffff"]))
c("NetDll_WSASetLastError", WINSOCK + "WSAGetLastError gives it", call("NetDll_WSASetLastError", 77), call("NetDll_WSAGetLastError", is_=77))
for name, args, error in (("NetDll_connect", [1, 4, "&a", 16], NET_DOWN), ("NetDll_accept", [1, 4, "&a", "&n"], WOULD_BLOCK), ("NetDll_recv", [1, 4, "&a", 16, 0], NOT_CONN), ("NetDll_send", [1, 4, "&a", 16, 0], NOT_CONN), ("NetDll_recvfrom", [1, 4, "&a", 16, 0, "&b", "&n"], WOULD_BLOCK),
                          ("NetDll_getpeername", [1, 4, "&a", "&n"], NOT_CONN), ("NetDll_WSARecv", [1, 4, "&a", 1, "&b", "&n", 0, 0], NOT_CONN), ("NetDll_WSASend", [1, 4, "&a", 1, "&b", 0, 0, 0], NOT_CONN), ("NetDll_WSARecvFrom", [1, 4, "&a", 1, "&b", "&n", "&a", "&n", 0, 0], WOULD_BLOCK)):
    c(name, WINSOCK + f"SOCKET_ERROR and {error}", call(name, *args, is_=ERROR), call("NetDll_WSAGetLastError", is_=error), mem={"a": "zero:16", "b": "zero:16", "n": "00000010"})
c("NetDll_sendto", WINSOCK + "datagrams are sent, and lost", call("NetDll_sendto", 1, 4, "&a", 16, 0, "&b", 16, is_=16), call("NetDll_WSASendTo", 1, 4, "&bufs", 1, "&n", 0, "&b", 16, 0, 0), mem={"a": "zero:16", "b": "zero:16", "bufs": "00000010 &a", "n": H})
c("NetDll_select", WINSOCK + "nothing is ready: 0 after the timeout", call("NetDll_select", 5, 0, "&r", "&w", "&e", "&t", is_=0, took=[3000000, 3060000]), mem={"r": "00000001 00000004", "w": "00000001 00000004", "e": "00000001 00000004", "t": "00000000 00000bb8"}, after={"r": H, "w": H, "e": H})
c("NetDll_getsockname", WINSOCK + "an address of zeros", call("NetDll_getsockname", 1, 4, "&a", "&n", is_=0), call("NetDll_getsockopt", 1, 4, "0xffff", "0x1007", "&v", "&n", is_=0), mem={"a": "ff" * 16, "n": "00000010", "v": "ffffffff"}, after={"a": "zero:16", "v": H})
for text, value in (("127.0.0.1", 0x7F000001), ("10.20.30.40", 0x0A141E28), ("1.2.3", ERROR), ("256.1.1.1", ERROR), ("x", ERROR), ("1.2.3.4.5", ERROR), ("1.2.3.4x", ERROR)):
    c(f"NetDll_inet_addr {text}", WINSOCK + "inet_addr in network order, INADDR_NONE", call("NetDll_inet_addr", 1, "&t", is_=value), mem={"t": f"'{text}' 00"})
c("NetDll_XNetInAddrToString", XAM + "xam_net.cc: dotted", call("NetDll_XNetInAddrToString", 1, "0x7f000001", "&t", 16, is_=0), mem={"t": "zero:24"}, after={"t": "'127.0.0.1' 00"})
for name in ("NetDll_XNetGetTitleXnAddr", "NetDll_XNetGetDebugXnAddr"):
    c(name, "XNet documentation: XNET_GET_XNADDR_NONE (1), an address of zeros", call(name, 1, "&a", is_=1), mem={"a": "ff" * 36}, after={"a": "zero:36"})
c("NetDll_XNetRandom", "XNet documentation: fills the buffer", call("NetDll_XNetRandom", 1, "&r", 16, is_=0), mem={"r": "zero:24"}, after={"r+16": "zero:8"})
c("NetDll_WSACreateEvent", WINSOCK + "WSA events are notification events", call("NetDll_WSACreateEvent", not_=0, keep="&hs"), call("NetDll_WSASetEvent", "*hs", is_=1), call("NtWaitForSingleObjectEx", "*hs", 1, 0, "&now", is_=0), call("NtWaitForSingleObjectEx", "*hs", 1, 0, "&now", is_=0), call("NetDll_WSAResetEvent", "*hs", is_=1),
  call("NtWaitForSingleObjectEx", "*hs", 1, 0, "&now", is_=TIMEOUT), call("NetDll_WSAWaitForMultipleEvents", 1, "&hs", 0, 2, 0, is_=TIMEOUT, took=[2000000, 2060000]), call("NetDll_WSASetEvent", "*hs", is_=1), call("NetDll_WSAWaitForMultipleEvents", 1, "&hs", 0, 2, 0, is_=0), call("NetDll_WSACloseEvent", "*hs", is_=1),
  call("NetDll_WSACloseEvent", "*hs", is_=0), mem={"now": "zero:8", "hs": H})
