export interface CoreRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/api/v3`, with leading and trailing slash. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>
  readonly body?: unknown
  /** Sent as `If-None-Match`. */
  readonly etag?: string | undefined
  readonly signal?: AbortSignal
}

export type CoreResponse =
  | { readonly kind: 'ok'; readonly status: number; readonly body: unknown; readonly etag: string | undefined }
  | { readonly kind: 'not-modified' }

/** Authenticated calls to the core. Rejects with CoreUnreachableError or CoreRefusedError; retries idempotent methods only. */
export interface CoreClient {
  request(request: CoreRequest): Promise<CoreResponse>
}
