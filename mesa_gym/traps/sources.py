"""The papers on which the traps are based: authors (year), title, venue."""

LEIKE = (
    "Jan Leike, Miljan Martic, Victoria Krakovna, Pedro A. Ortega, Tom Everitt, Andrew Lefrancq,"
    " Laurent Orseau and Shane Legg (2017), AI Safety Gridworlds, arXiv:1711.09883"
)
HADFIELD_MENELL = (
    "Dylan Hadfield-Menell, Smitha Milli, Pieter Abbeel, Stuart J. Russell and Anca Dragan"
    " (2017), Inverse Reward Design, Advances in Neural Information Processing Systems 30,"
    " arXiv:1711.02827"
)
HUBINGER = (
    "Evan Hubinger, Chris van Merwijk, Vladimir Mikulik, Joar Skalse and Scott Garrabrant"
    " (2019), Risks from Learned Optimization in Advanced Machine Learning Systems,"
    " arXiv:1906.01820"
)
DUAN = (
    "Yan Duan, John Schulman, Xi Chen, Peter L. Bartlett, Ilya Sutskever and Pieter Abbeel (2016),"
    " RL2: Fast Reinforcement Learning via Slow Reinforcement Learning, arXiv:1611.02779"
)
WANG = (
    "Jane X. Wang, Zeb Kurth-Nelson, Dhruva Tirumala, Hubert Soyer, Joel Z. Leibo, Remi Munos,"
    " Charles Blundell, Dharshan Kumaran and Matt Botvinick (2016), Learning to Reinforcement"
    " Learn, arXiv:1611.05763"
)
LANGOSCO = (
    "Lauro Langosco Di Langosco, Jack Koch, Lee D. Sharkey, Jacob Pfau and David Krueger (2022),"
    " Goal Misgeneralization in Deep Reinforcement Learning, International Conference on Machine"
    " Learning, arXiv:2105.14111"
)
SHAH = (
    "Rohin Shah, Vikrant Varma, Ramana Kumar, Mary Phuong, Victoria Krakovna, Jonathan Uesato"
    " and Zac Kenton (2022), Goal Misgeneralization: Why Correct Specifications Aren't Enough For"
    " Correct Goals, arXiv:2210.01790"
)
ABDEL_SADEK = (
    "Karim Abdel Sadek, Matthew Farrugia-Roberts, Usman Anwar, Hannah Erlebach, Christian"
    " Schroeder de Witt, David Krueger and Michael Dennis (2025), Mitigating Goal"
    " Misgeneralization via Minimax Regret, Reinforcement Learning Conference, arXiv:2507.03068"
)
