/* empty css             */import{a as e,i as t,n,r,t as i}from"./status-DsVGJefL.js";import{O as a,f as o,i as s,k as c,r as l,s as u,t as d,v as f}from"./early-BiAXwJPr.js";import{t as p}from"./address-B5KncgsJ.js";var m=5e3,{words:h,locale:g,isWall:_}=t(),v=class extends s{#e=new u(m,e=>{document.title=e});constructor(){super(),this.campaign=p(location.pathname)}isNothing(e){return e===null||e.minor===0n}watch(e,t){return e.watchCampaign(this.campaign,t)}viewed({value:e}){let t=f(this.campaign,e?.title);this.#e.set(e&&!this.isNothing(e)?`${o(g,e.currency,e.minor,`round`)} · ${t}`:t)}createRenderRoot(){return this}render(){let{campaign:t}=this,n=this.view?.value,i=n?e(h,n):``;return c`${_?a:c`<nav><a href=${r(`/`)}>${h.say(`allCampaigns`)}</a></nav>`}
      <section class="hero">
        <h1><bdi dir="auto">${n===void 0?`​`:f(t,n?.title)}</bdi></h1>
        ${i?c`<p class="when">${i}</p>`:a}
        <campaign-total campaign=${t} details ?over=${_}></campaign-total>
        <campaign-thermometer campaign=${t}></campaign-thermometer>
      </section>
      <div class="beside">
        ${_?a:c`<growth-history campaign=${t}></growth-history>`}
        <section class="latest">
          <h2>${h.say(`latest`)}</h2>
          <campaign-donations campaign=${t} limit=${_?1:8}></campaign-donations>
        </section>
      </div>
      <footer><live-status campaign=${t}></live-status></footer>`}updated(){super.updated(),_&&this.#t()}firstUpdated(){_&&new ResizeObserver(()=>this.#t()).observe(document.documentElement)}#t(){let e=this.querySelector(`h1`);e?.classList.remove(`long`),e&&e.scrollHeight>e.clientHeight+1&&e.classList.add(`long`)}};d(p(location.pathname)).then(()=>{l(),customElements.define(`live-status`,i),customElements.define(`growth-history`,n),customElements.define(`campaign-page`,v)});