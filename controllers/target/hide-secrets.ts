const LONGEST = 1000

/** The text as it may be shown: of bounded length, and without any form of the token, however it was quoted. */
export function hideToken(text: string, token: string): string {
  const forms = token === '' ? [] : [token, btoa(token), encodeURIComponent(token), JSON.stringify(token).slice(1, -1)]
  return forms.reduce((shown, form) => shown.replaceAll(form, '***'), text).slice(0, LONGEST)
}
