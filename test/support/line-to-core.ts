import { createServer } from 'node:http'
import { freePort } from './engines/process.ts'

/** A call to the core, told before it goes there and after it was answered. */
export interface LineCall {
  readonly method: string
  /** Below `/api/v3`, with the query. */
  readonly path: string
  /** Undefined before it is answered. */
  readonly status: number | undefined
}

export interface LineToCore extends AsyncDisposable {
  readonly url: URL
}

/** A way to the core that waits for `heard` before and after each call, and is cut where it says so. */
export async function lineToCore(core: string, heard: (call: LineCall) => Promise<unknown>): Promise<LineToCore> {
  const port = await freePort()
  const server = createServer(async (req, res) => {
    const call = { method: req.method!, path: req.url!.replace('/api/v3', '') }
    const body = Buffer.concat(await req.toArray())
    try {
      if ((await heard({ ...call, status: undefined })) === 'cut') return req.socket.destroy()
      const { host: _, connection: __, 'content-length': ___, ...headers } = req.headers
      const answer = await fetch(new URL(req.url!, core), {
        method: call.method,
        headers: headers as Record<string, string>,
        redirect: 'manual',
        ...(body.length === 0 ? {} : { body }),
      })
      const text = await answer.text()
      if ((await heard({ ...call, status: answer.status })) === 'cut') return req.socket.destroy()
      const etag = answer.headers.get('etag')
      res.writeHead(answer.status, { 'content-type': 'application/json', ...(etag === null ? {} : { etag }) })
      return res.end(text === '' ? undefined : text)
    } catch {
      return req.socket.destroy()
    }
  }).listen(port, '127.0.0.1')
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
