import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileCursor, Lines } from '../durable/follow.ts'
import { Due } from './due.ts'
import { type Job, newJob } from './job.ts'
import { Order } from './order.ts'
import { Reading, type Ticket } from './reading.ts'

const place = (offset: number): FileCursor => ({ inode: '1', offset, witness: '', key: '' })
const lines = (from: number, count: number): Lines => ({
  lines: Array.from({ length: count }, (_, n) => `line ${from + n}`),
  cursor: place(from + count),
  after: (n) => place(from + n),
  file: '',
})

test('the cursor stands before the first line that is not settled', () => {
  const reading = new Reading()
  assert.equal(reading.cursor(), undefined)
  reading.add(lines(0, 3))
  const tickets = [reading.next()!, reading.next()!, reading.next()!].map(({ ticket }) => ticket)
  assert.equal(reading.next(), undefined)
  assert.equal(reading.cursor()!.offset, 0)
  reading.settle(tickets[2]!)
  reading.settle(tickets[1]!)
  assert.equal(reading.cursor()!.offset, 0)
  reading.add(lines(3, 2))
  const fourth = reading.next()!
  assert.equal(fourth.line, 'line 3')
  reading.settle(fourth.ticket)
  assert.equal(reading.cursor()!.offset, 0)
  reading.settle(tickets[0]!)
  assert.equal(reading.cursor()!.offset, 4)
  reading.settle(reading.next()!.ticket)
  assert.equal(reading.cursor()!.offset, 5)
  reading.add({ ...lines(0, 0), cursor: place(99) })
  assert.equal(reading.cursor()!.offset, 99, 'a new file begins')
})

const job = (key?: string) => newJob('', {} as Ticket, key, 0)

test('alerts of one key go one after the other, of several beside each other', () => {
  const order = new Order()
  const [a1, a2, a3, b1, none] = [job('a'), job('a'), job('a'), job('b'), job()] as [Job, Job, Job, Job, Job]
  assert.deepEqual(
    [a1, a2, a3, b1, none].map((one) => order.enter(one)),
    [true, false, false, true, true],
  )
  assert.equal(order.behind, 2)
  assert.equal(order.enter(a1), true, 'again, when it is tried again')
  assert.equal(order.leave(a2), undefined, 'dropped while it stood behind')
  assert.equal(order.leave(a1), a3)
  assert.equal(order.leave(a3), undefined)
  assert.equal(order.leave(none), undefined)
  assert.equal(order.isEmpty, false)
  order.leave(b1)
  assert.equal(order.isEmpty, true)
  assert.equal(order.behind, 0)
})

test('what is due comes in the order of its time', () => {
  const due = new Due()
  const jobs = [50, 10, 40, 20, 30].map((at) => {
    const one = job()
    one.state = 'waiting'
    due.add(one, at)
    return one
  })
  assert.equal(due.next(), 10)
  assert.equal(due.take(9), undefined)
  due.add(jobs[0]!, 5)
  jobs[2]!.state = 'gone'
  jobs[4]!.state = 'gone'
  const taken: number[] = []
  for (let one = due.take(100); one; one = due.take(100)) taken.push(jobs.indexOf(one))
  assert.deepEqual(taken, [0, 1, 3])
  assert.equal(due.next(), undefined)
})
