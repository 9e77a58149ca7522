import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { ListenError } from '#schema/kernel/listen-error.ts'
import type { ListenAddress } from '#schema/kernel/settings.ts'

/** A small application to put the proxy in front of: it shows the request that reached it. */
export async function startSampleApplication(address: ListenAddress): Promise<Server> {
  const server = createServer((req, res) => {
    req.resume()
    const wantsJson = (req.headers.accept ?? '').includes('application/json')
    const body = wantsJson
      ? JSON.stringify({ method: req.method, url: req.url, headers: req.headers }, null, 2)
      : page(req)
    res.writeHead(200, {
      'content-type': wantsJson ? 'application/json' : 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    })
    res.end(body)
  })
  try {
    server.listen(address.port, address.host)
    await once(server, 'listening')
  } catch (cause) {
    throw new ListenError(address, cause)
  }
  return server
}

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

function page({ method = '', url = '', rawHeaders }: IncomingMessage): string {
  const rows: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2)
    rows.push(`<tr><th scope="row">${escaped(rawHeaders[i]!)}</th> <td>${escaped(rawHeaders[i + 1]!)}</td></tr>`)
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sample application</title>
<style>body{font:1rem/1.5 system-ui;margin:2rem;color-scheme:light dark}th{text-align:left;padding-right:1rem;vertical-align:top}td{word-break:break-all}</style>
<h1>Sample application</h1>
<p>This request reached it: <code>${escaped(method)} ${escaped(url)}</code></p>
<table>${rows.join('\n')}</table></html>
`
}
