"""Sign: a release is signed, and verified.

The story, file by file::

    certificates   what a certificate says, and whether it may sign
    open_keys      what signs with a key, in memory or in a token
    key_files      keys in PKCS#12 and PEM files
    token_uri      which key in which token: a PKCS#11 URI
    tokens         keys in hardware
    keys           a signer is described, checked, opened; TEST keys are made
    folder         the files of a release, each read once
    manifest       the statement: every file, the model, the data, the plan
    opinion        what validator and approver say, and withdrawals
    acts           who did what in which order
    pades          the signatures inside card.pdf
    revisions      how those are checked
    additions      what one revision may add, exactly
    trial_mark     a TEST signature says so on every page
    cades          the detached signatures of card.json and card.html
    timestamps     when it was, by somebody else
    dsse           the envelope around the statement
    archive        what proves a release when certificates have ended
    hand           what fills the folder of a signer
    release        all of it over one folder
    child          the same in a process of its own
    aids           what lies in every release for those who check it without this software
    gates          gates that are signed before an audit
    trust          whom the verifier trusts
    content        PDF, HTML and JSON say the same
    verdict        what a verification found
    case           what it finds while it goes on
    policy         what the verifier asks for
    signer_folder  the folder of one signer is verified
    archive_folder archives are verified, and say for which moment the rest is judged
    verification   all of it over one folder, or over a PDF alone

Nothing here imports what loads, explains, assesses or draws; pyHanko is imported nowhere else.
"""
