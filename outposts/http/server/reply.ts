import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type Page, renderPage } from '../codec/pages.ts'

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' http: https:; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** Answers with a page of the outpost itself. */
export function sendPage(
  res: ServerResponse,
  status: number,
  page: Page,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
): void {
  const body = renderPage(page)
  res.writeHead(status, { ...HEADERS, ...copied(headers), 'content-length': Buffer.byteLength(body) }).end(body)
}

/** Sends the browser on. */
export function redirect(res: ServerResponse, to: string, cookies: readonly string[] = [], status = 302): void {
  res
    .writeHead(status, {
      location: to,
      'cache-control': 'no-store',
      ...(cookies.length === 0 ? {} : { 'set-cookie': [...cookies] }),
      'content-length': 0,
    })
    .end()
}

/** Says no to a program or a reverse proxy: nobody reads more than the status. */
export function refuse(
  res: ServerResponse,
  cookies: readonly string[] = [],
  headers: Readonly<Record<string, string>> = {},
): void {
  res
    .writeHead(401, {
      ...headers,
      'content-length': 0,
      'cache-control': 'no-store',
      ...(cookies.length === 0 ? {} : { 'set-cookie': [...cookies] }),
    })
    .end()
}

/** Says that a token is no good (RFC 6750 §3.1). */
export function refuseToken(res: ServerResponse, cookies: readonly string[]): void {
  refuse(res, cookies, { 'www-authenticate': 'Bearer error="invalid_token"' })
}

/** The core is needed and does not answer; whoever is signed in already does not come here. */
export function sendUnavailable(res: ServerResponse): void {
  const text = 'Signing in is not possible at this moment. Applications that you are signed in to keep working.'
  sendPage(res, 503, { title: 'Try again in a moment', text }, { 'retry-after': '10' })
}

/** Something broke: the reference is also in the log. */
export function newReference(): string {
  return randomBytes(8).toString('hex')
}

const copied = (headers: Readonly<Record<string, string | readonly string[]>>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  )
