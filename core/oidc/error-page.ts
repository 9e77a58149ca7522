import type { ServerResponse } from 'node:http'
import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider'

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as it may stand in HTML, attributes included. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character]!)

/** A small page of the core: `body` is HTML. It loads nothing and runs nothing. */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`
}

/** Answers with a page that is not kept anywhere; its forms may lead to `formTargets` (origins) besides the core. */
export function sendPage(
  res: ServerResponse,
  status: number,
  title: string,
  body: string,
  formTargets: readonly string[] = [],
): void {
  res.statusCode = status
  res.setHeader('Content-Type', 'text/html; charset=utf-8')
  res.setHeader('Cache-Control', 'no-store')
  const targets = ["'self'", ...formTargets].join(' ')
  res.setHeader(
    'Content-Security-Policy',
    `default-src 'none'; form-action ${targets}; frame-ancestors 'none'; base-uri 'none'`,
  )
  res.end(htmlPage(title, body))
}

/** The library's errors that cannot be sent to the application, as a page for the user. */
export function renderOidcError(koa: KoaContextWithOIDC, { error, error_description }: ErrorOut): void {
  koa.type = 'html'
  koa.body = htmlPage(
    'Request refused',
    `<p>${escapeHtml(error_description ?? 'The request cannot be answered.')}</p>\n<p><code>${escapeHtml(error)}</code></p>`,
  )
}
