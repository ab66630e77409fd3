/** Reading a request's body within limits of size and time, so that a sender cannot hold memory or wait for ever. */
import { ApiError } from './answer.ts'

/** Bodies that are being read now may hold this much together; more senders than that are asked to come again. */
const total_max = 64 * 1024 * 1024
let total = 0

/**
 * The raw bytes of a body. Throws an {@link ApiError}: 413 as soon as more than `max` bytes came or were announced, 408 when it is not complete
 * after `timeout_ms`, 503 when all bodies together hold too much, 400 when the sender went away.
 */
export async function readBody(request: Request, max: number, timeout_ms: number): Promise<Uint8Array> {
  const tooLarge = () => new ApiError(413, `body is larger than ${max} bytes`)
  const announced = Number(request.headers.get('content-length') ?? 0)
  if (announced > max) throw tooLarge()
  if (!request.body) return new Uint8Array()

  const reader = request.body.getReader()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new ApiError(408, `body was not complete after ${timeout_ms / 1000} seconds`)),
      timeout_ms,
    )
  })
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      // The reader is not cancelled when this throws: that would close the connection before the answer is out. The server drains the rest.
      const { done, value } = await Promise.race([reader.read(), late])
      if (done) break
      size += value.length
      total += value.length
      if (size > max) throw tooLarge()
      if (total > total_max) throw new ApiError(503, 'too many requests at once', 'send it again in a moment')
      chunks.push(value)
    }
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw new ApiError(400, 'body ended early')
  } finally {
    clearTimeout(timer)
    total -= size
  }
  const body = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
  }
  return body
}
