import type { Response } from 'express'
import { type Html, html } from './html.ts'

/** A page without its frame. */
export interface Page {
  readonly title: string
  readonly body: Html
  readonly status?: number
}

/**
 * Nothing runs, nothing is loaded from elsewhere. Forms go to ourselves, but browsers hold the redirects that follow a
 * form against `form-action` too, and a sign-in ends at an application, wherever that is.
 */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' http: https:; base-uri 'none'; frame-ancestors 'none'"

/** Sends a whole page of the core; it is not kept by anybody. */
export function sendPage(res: Response, { title, body, status = 200 }: Page): void {
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · Martello</title>
<link rel="icon" href="/static/martello.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/martello.css">
</head>
<body>
<main>
<p class="brand" aria-hidden="true">Martello</p>
${body}
</main>
</body>
</html>
`
  res
    .status(status)
    .set({ 'content-security-policy': CONTENT_SECURITY_POLICY, 'cache-control': 'no-store' })
    .type('html')
    .send(String(document))
}
