/** A browser of a few lines for one origin: cookies, and redirects followed by hand. */
export class CookieJar {
  readonly #cookies = new Map<string, string>()

  get(name: string): string | undefined {
    return this.#cookies.get(name)
  }

  set(name: string, value: string): void {
    this.#cookies.set(name, value)
  }

  /** All of them, as the value of a `Cookie` header. */
  header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const cookie = this.header()
    const answer = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { ...(init.headers as Record<string, string>), ...(cookie === '' ? {} : { cookie }) },
    })
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      if (/expires=thu, 01 jan 1970/i.test(line)) this.#cookies.delete(pair.slice(0, at))
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return answer
  }

  /** One step of the flow executor, redirects to itself followed: status and challenge. */
  async step(
    url: string,
    answer?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: any }> {
    const post = answer === undefined ? {} : { method: 'POST', body: JSON.stringify(answer) }
    let response = await this.fetch(url, { ...post, headers: { 'content-type': 'application/json', ...headers } })
    for (let hops = 0; response.status === 302 && hops < 5; hops++)
      response = await this.fetch(new URL(response.headers.get('location')!, url).href, { headers })
    return { status: response.status, body: await response.json().catch(() => undefined) }
  }
}
