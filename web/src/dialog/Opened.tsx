import type { Dialog } from './Dialogs.tsx'
import { Extend } from './Extend.tsx'
import { Cancel, CheckOut, ConfirmLeft, Readmit, Reissue } from './Questions.tsx'
import { VisitForm } from './VisitForm.tsx'
import { WlanAccess } from './WlanAccess.tsx'

export default function Opened({ dialog, close }: { dialog: Dialog; close: () => void }) {
  switch (dialog.kind) {
    case 'new':
      return <VisitForm walkIn={dialog.walkIn} close={close} />
    case 'change':
      return <VisitForm visit={dialog.visit} walkIn={false} close={close} />
    case 'access':
      return <WlanAccess {...dialog} close={close} />
    case 'checkOut':
      return <CheckOut visit={dialog.visit} close={close} />
    case 'extend':
      return <Extend visit={dialog.visit} close={close} />
    case 'cancel':
      return <Cancel visit={dialog.visit} close={close} />
    case 'reissue':
      return <Reissue visit={dialog.visit} close={close} />
    case 'confirmLeft':
      return <ConfirmLeft visit={dialog.visit} close={close} />
    case 'readmit':
      return <Readmit visit={dialog.visit} close={close} />
  }
}
