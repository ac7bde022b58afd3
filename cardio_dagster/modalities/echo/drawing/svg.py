"""What the pictures of this branch have in common.

Belongs here: the <svg> element, readable on light and dark pages, without ids, scripts or
links. Not here: what is drawn inside it.
"""


def svg_element(width: float, height: float, description: str, body: str) -> str:
    """Wrap `body` in an element of that size; `description` is plain text for those who do not see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" '
        f'aria-label="{description}" style="max-width:100%;height:auto" font-family="system-ui, sans-serif">{body}</svg>'
    )
