/** What lists of items have in common that can be changed where they stand. */

/** What went wrong; nothing when the text is empty. */
export function Note({ text }: { text: string }) {
  if (text === '') return null
  return (
    <p class="refused" role="alert">
      {text}
    </p>
  )
}

/** Asks within an item why something is done to it, and does it. */
export function ReasonForm(props: {
  question: string
  label: string
  button: string
  act(reason: string): Promise<unknown>
}) {
  const { question, label, button, act } = props
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    await act(String(new FormData(event.currentTarget as HTMLFormElement).get('reason')))
  }
  return (
    <form class="inline" onSubmit={submit}>
      <input name="reason" required maxLength={500} placeholder={question} aria-label={label} autocomplete="off" />
      <button type="submit" class="small primary">
        {button}
      </button>
    </form>
  )
}
