-- A wide table scrolls inside its own box, reachable by keyboard; the page never does.
function Table(table)
  local name = pandoc.utils.stringify(table.caption.long)
  return pandoc.Div({table}, pandoc.Attr("", {"scroll"}, {{"tabindex", "0"}, {"role", "region"}, {"aria-label", name}}))
end
